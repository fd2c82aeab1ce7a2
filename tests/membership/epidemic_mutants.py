"""Epidemics in arrays, each time with one thing forgotten."""

from distlab.membership.epidemic import Blind, Coin, Counter


class NeverResets(Counter):
    """A useful contact leaves the counter as it was."""

    def counted(self, useless, needed):
        return useless + ~needed


class CountsTwo(Counter):
    """Gives up one contact too late."""

    def lost(self, useless, generator):
        return useless > self.k


class GivesUpAtOnce(Counter):
    """The first useless contact is the last."""

    def lost(self, useless, generator):
        return useless > 0


class TossesAfterUsefulOnes(Coin):
    """Whatever the contact was, a coin is tossed."""

    def lost(self, useless, generator):
        return generator.random(useless.size) * self.k < 1


class TossesForTheOther(Coin):
    """Stays with the chance 1/k in place of going."""

    def lost(self, useless, generator):
        return (useless > 0) & (generator.random(useless.size) * self.k >= 1)


class Sees(Blind):
    """Is not blind: a useful contact does not count."""

    def counted(self, useless, needed):
        return self.rule.counted(useless, needed)
