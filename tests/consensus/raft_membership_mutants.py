"""What changes of membership may forget, one rule each, named after it."""

from distlab.consensus.client import Request
from distlab.consensus.raft import Role
from distlab.consensus.raft_membership import RaftMembership, Reconfiguration
from distlab.consensus.raft_single_server import RaftSingleServer
from distlab.node import NodeId
from distlab.quorum import Joint, Majority, Quorum


class GoesByWhatIsCommitted(RaftMembership):
    """§6, in the log: waits until a configuration is committed."""

    @property
    def configured_at(self) -> int:
        for index in range(min(self.commit_index, self.log.last_index), 0, -1):
            if isinstance(self.log[index].command, Reconfiguration):
                return index
        return 0


class DecidesByTheNewAlone(RaftMembership):
    """§6, C old,new: the old ones have no say any more."""

    @property
    def quorum(self) -> Quorum:
        quorum = super().quorum
        return quorum.new if isinstance(quorum, Joint) else quorum

    def go_on(self):
        command = self.log[self.configured_at].command if self.configured_at else None
        if isinstance(command, Reconfiguration) and isinstance(command.quorum, Joint):
            asked = command.client, command.number, command.call
            return self.append(Reconfiguration(*asked, command.quorum.new))
        super().go_on()


class SkipsTheJoint(RaftMembership):
    """§6, C old,new: changes to the new configuration at once."""

    def change(self, src: NodeId, msg: Request):
        (members,) = msg.call.args
        news = Reconfiguration(src, msg.number, msg.call, Majority(members))
        self.append(news)


class ChangesAllAtOnce(RaftMembership):
    """§6, C old,new: a second change while the first is under way."""

    def on_request(self, src: NodeId, msg: Request):
        new = msg.number > self.service.last(src)
        leads = self.role is Role.LEADER
        if leads and new and msg.call.name == "change_members":
            return self.change(src, msg)
        super().on_request(src, msg)

    def change(self, src: NodeId, msg: Request):
        (members,) = msg.call.args
        old = self.quorum.new if isinstance(self.quorum, Joint) else self.quorum
        both = Joint(old, Majority(members))
        self.append(Reconfiguration(src, msg.number, msg.call, both))


class StopsHalfWay(RaftMembership):
    """§6, C new: leaves it to whoever begins the next change."""

    def go_on(self):
        if not isinstance(self.quorum, Joint):
            super().go_on()


class LeadsThoughItIsRemoved(RaftMembership):
    """§6, not part of C new: as long as nobody deposes it."""

    def go_on(self):
        if isinstance(self.quorum, Joint):
            super().go_on()


class LeavesAtOnce(RaftMembership):
    """§6, not part of C new: and nobody else has the entry that says so."""

    def after_event(self):
        super().after_event()
        if self.role is Role.LEADER and self.id not in self.members:
            self.go_on()


class ListensToWhoWasRemoved(RaftMembership):
    """§6, disregard: whoever stands deposes its leader."""

    @property
    def has_a_leader(self) -> bool:
        return False


class ChangesSeveral(RaftSingleServer):
    """§4.1, one server: adds or removes as many as it is asked for."""

    def change(self, src: NodeId, msg: Request):
        if not self.may_change():
            return self.ignore("nothing of this term is committed yet")
        (members,) = msg.call.args
        news = Reconfiguration(src, msg.number, msg.call, Majority(members))
        self.append(news)


class ChangesBeforeItCommits(RaftSingleServer):
    """2015: as the dissertation has it."""

    def may_change(self) -> bool:
        return True
