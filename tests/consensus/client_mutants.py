"""Clients of a replicated service that forget something."""

from distlab.consensus.client import KeyValueClient, Redirect, Timeout
from distlab.node import NodeId


class UsesANumberTwice(KeyValueClient):
    """§8, serial numbers: takes every request for its first."""

    def ask(self, name: str, *arguments: object):
        self.number = 0
        super().ask(name, *arguments)


class NumbersRetriesAnew(KeyValueClient):
    """§8, no answer: a retry looks like another command."""

    def on_timeout(self, timer: Timeout):
        assert self.request
        call, self.leader = self.request.call, self.next_server()
        self.ask(call.name, *call.args)


class NeverAsksAgain(KeyValueClient):
    """§8, no answer: one that is lost is lost."""

    def on_timeout(self, timer: Timeout):
        pass


class StaysWhereItIs(KeyValueClient):
    """§8, redirect: goes on asking one that does not lead."""

    def on_redirect(self, src: NodeId, msg: Redirect):
        self.try_once()


class CallsUnknownFailed(KeyValueClient):
    """§8, no answer: takes silence for a refusal."""

    def unknown(self, reason: object = None):
        self.fail(reason)
