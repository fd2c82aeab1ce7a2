"""The quorum protocol itself, on the same distributions: it and WARS agree."""

from functools import partial
from itertools import product
from math import sqrt

import numpy
import pytest

from distlab.errors import Misuse
from distlab.replication.quorum import QuorumClient, Replica
from distlab.replication.staleness import Exponential, Mixture, Pareto, Wars
from distlab.replication.staleness_figures import FITS, Tally, measured, z_score
from distlab.sim import delays, sweep
from distlab.sim.after_write import Trial, as_simulated, distances, reads_after_writes

KINDS = ("Store", "Stored", "Fetch", "Fetched")
TRIALS = 1_000_000  # of the model
AGREED = 0.999


def run(fit, r, w, t_ms, seeds=9, count=300, protocol=Replica, **how):
    """Trials of the protocol; nothing is sent again within the run."""
    one = partial(
        reads_after_writes,
        protocol,
        KINDS,
        FITS[fit],
        r=r,
        w=w,
        t_ms=t_ms,
        count=count,
        resend_ms=1e9,
    )
    return [trial for some in sweep.seeds(one, range(seeds), **how) for trial in some]


def differences(trials, model, r, w, t_ms):
    """What the trials and the model do not agree on, within 99.9 %."""
    n, found = len(trials), model.fresh[r, w].share(t_ms).value
    fresh = sum(trial.fresh for trial in trials) / n
    spread = sqrt(max(found * (1 - found), 1 / n) / n)
    if abs(fresh - found) > z_score(AGREED) * spread:
        yield f"fresh: {fresh:.4f}, the model {found:.4f}"
    for name, times, tally in (
        ("read", [trial.read_ms for trial in trials], model.read[r - 1]),
        ("write", [trial.write_ms for trial in trials], model.write[w - 1]),
    ):
        ours = Tally.of(numpy.array(times))
        for share in (0.1, 0.5, 0.9, 0.99):
            _, low, high = ours.quantile(share, AGREED)
            value = tally.quantile(share).value
            if not 0.999 * low <= value <= 1.001 * high:
                yield f"{name} {share}: {low:.2f} to {high:.2f}, the model {value:.2f}"


@pytest.fixture(scope="module")
def models():
    return {
        fit: sweep.trials(partial(measured, model), TRIALS, seed=2, name=fit, workers=1)
        for fit, model in FITS.items()
    }


# ----------------------------------------------------------------------- the two agree
@pytest.mark.parametrize("fit", FITS)
def test_the_protocol_is_as_stale_and_as_fast_as_the_model_says(fit, models):
    trials = run(fit, 1, 1, 0, workers=1)
    assert list(differences(trials, models[fit], 1, 1, 0)) == []


@pytest.mark.parametrize(("r", "w", "t_ms"), [(2, 1, 5), (1, 2, 1)])
def test_they_agree_for_other_quorums_and_later_reads(r, w, t_ms, models):
    trials = run("LNKD-DISK", r, w, t_ms, workers=1)
    assert list(differences(trials, models["LNKD-DISK"], r, w, t_ms)) == []


@pytest.mark.soak
@pytest.mark.parametrize("fit", FITS)
def test_they_agree_for_every_quorum_and_several_t(fit, models):
    for r, w, t_ms in product((1, 2, 3), (1, 2, 3), (0, 2, 20)):
        trials = run(fit, r, w, t_ms, workers=2)
        assert list(differences(trials, models[fit], r, w, t_ms)) == [], (r, w, t_ms)


# ---------------------------------------------------------- and they need not have done
class AnswersAtOnce(QuorumClient):
    """Content with no answer but one, whatever r and w."""

    def enough(self, pending):
        return True


class Hasty(Replica):
    client = AnswersAtOnce


@pytest.mark.parametrize(
    ("protocol", "asked", "compared"),
    [
        (Replica, ("LNKD-DISK", 1, 1, 0), ("LNKD-SSD", 1, 1, 0)),
        (Replica, ("LNKD-DISK", 1, 1, 0), ("LNKD-DISK", 2, 1, 0)),
        (Replica, ("LNKD-DISK", 1, 1, 0), ("LNKD-DISK", 1, 2, 0)),
        (Replica, ("LNKD-DISK", 1, 1, 2), ("LNKD-DISK", 1, 1, 0)),
        (Replica, ("LNKD-DISK", 1, 1, 0), ("WAN", 1, 1, 0)),
        (Hasty, ("LNKD-DISK", 2, 2, 0), ("LNKD-DISK", 2, 2, 0)),
    ],
    ids="fit r w t distance protocol".split(),
)
def test_another_model_or_protocol_is_found_to_differ(
    protocol, asked, compared, models
):
    fit, *how = compared
    trials = run(*asked, seeds=3, protocol=protocol, workers=1)
    assert list(differences(trials, models[fit], *how))


# --------------------------------------------------------------------------- the driver
def test_each_write_is_of_a_key_of_its_own_and_read_once():
    nothing = Exponential(0.0)
    model = Wars(Exponential(5.0), nothing, nothing, nothing)
    trials = reads_after_writes(Replica, KINDS, model, 1, count=20, r=3, w=1)
    assert len(trials) == 20
    assert all(trial == Trial(trial.write_ms, 0, True) for trial in trials)
    assert len({trial.write_ms for trial in trials}) > 15
    again = reads_after_writes(Replica, KINDS, model, 1, count=20, r=3, w=1)
    assert again == trials


def test_an_operation_that_does_not_end_is_told():
    slow = Exponential(1e8)
    with pytest.raises(Misuse, match=r"0 of 40 operations ended"):
        reads_after_writes(
            Replica, KINDS, Wars(slow, slow, slow, slow), 1, count=20, r=1, w=1, tries=1
        )


def test_every_replica_is_the_local_one_with_every_other():
    near = set()
    for seed in range(9):
        far = distances(KINDS, 75, 3, seed)
        assert len(far) == 8
        for kind, end in zip(KINDS, ("dst", "src") * 2, strict=True):
            ends = {getattr(d, end) for d in far if d.messages == (kind,)}
            assert len(ends) == 2
        near.add(tuple(d.dst for d in far if d.dst != "*"))
    assert len(near) == 9
    assert distances(KINDS, 0, 3, 1) == ()


def test_a_delay_of_the_model_is_the_same_one_in_the_simulator():
    assert as_simulated(
        Mixture(((0.3, Pareto(0.5, 2.0)), (0.7, Exponential(4.0))))
    ) == delays.Mixture(((0.3, delays.Pareto(0.5, 2.0)), (0.7, delays.Exponential(4))))
