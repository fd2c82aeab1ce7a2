"""Rules over variables: what they read and assign, and what they may not."""

import re

import pytest

from distlab.errors import Misuse
from distlab.specification import Specification, variable


class Alarm(Specification):
    is_on = variable(False, True)
    heard = variable("silence", "bell", of="people")

    def rules(self):
        yield (self.rings,)
        for person in self.people:
            yield self.hears, person

    def rings(self, s):
        if not s.is_on:
            s.is_on = True

    def hears(self, s, person):
        if s.is_on and s.heard[person] == "silence":
            s.heard[person] = "bell"


ALARM = Alarm(people=2)
QUIET = next(iter(ALARM.initial()))


def test_it_begins_with_the_first_value_of_each_variable():
    assert QUIET == (False, ("silence", "silence"))
    assert (QUIET.is_on, QUIET.heard[1]) == (False, "silence")


@pytest.mark.parametrize("people", [0, -1, "3", 2.0, None])
def test_a_group_has_a_member_at_least(people):
    told = f"people={people!r}: give a whole number, 1 or more."
    with pytest.raises(Misuse, match=re.escape(told)):
        Alarm(people=people)


def test_a_rule_that_assigns_nothing_does_not_happen():
    assert list(ALARM.next(QUIET)) == [(("rings",), (True, ("silence", "silence")))]
    ringing = QUIET._replace(is_on=True)
    assert list(ALARM.next(ringing)) == [
        (("hears", 0), (True, ("bell", "silence"))),
        (("hears", 1), (True, ("silence", "bell"))),
    ]


def test_what_stays_as_it_is_may_be_a_step():
    """As in TLA+: to assign the value that is there already is to stutter."""

    class Stutter(Alarm):
        def rings(self, s):
            s.is_on = True

    ringing = QUIET._replace(is_on=True)
    assert (("rings",), ringing) in list(Stutter(people=2).next(ringing))


def test_a_rule_is_asked_once_for_states_that_agree_on_what_it_reads():
    asked = []

    class Counted(Alarm):
        def hears(self, s, person):
            asked.append(person)
            super().hears(s, person)

    model = Counted(people=3)
    for state in model.every_state():
        list(model.next(state))
    assert len(list(model.every_state())) == 16
    # Once while the alarm is off, and while it is on once for each of its own values.
    assert [asked.count(person) for person in range(3)] == [3, 3, 3]


def test_all_that_the_variables_could_be():
    states = list(ALARM.every_state())
    assert len(states) == len(set(states)) == 2 * 2**2


def test_states_and_actions_have_words():
    assert ALARM.label(QUIET) == "is_on no, heard silence silence"
    assert ALARM.tell(("hears", 1)) == "hears 1"


class Wrong(Alarm):
    def rings(self, s):
        s.is_off = True


class Misheard(Alarm):
    def rings(self, s):
        s.heard[0] = "siren"


class Whole(Alarm):
    def rings(self, s):
        s.heard = ("bell", "bell")


class Unread(Alarm):
    def rings(self, s):
        s.is_om


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Alarm(), "Alarm is made by Alarm(people=3): say how many."),
        (lambda: Alarm(persons=2), "Alarm is made by Alarm(people=3): say how many."),
        (lambda: variable(1), "variable(1,): give two values or more, all different."),
        (lambda: variable(1, 1), "give two values or more, all different."),
        (lambda: step(Wrong), "Wrong has no variable `is_off`. Did you mean `is_on`?"),
        (lambda: step(Unread), "Unread has no variable `is_om`."),
        (lambda: step(Misheard), "`heard[0]` cannot be 'siren': it is one of 'silen"),
        (lambda: step(Whole), "`heard` is one of each of 2: assign `heard[0]`"),
    ],
)
def test_a_wrong_rule_gets_a_sentence(call, sentence):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        call()


def step(kind):
    return list(kind(people=2).next(QUIET))
