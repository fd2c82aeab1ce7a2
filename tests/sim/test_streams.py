"""Random streams: forked by name, small, and random enough."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

from distlab.sim.streams import Stream


def test_a_stream_depends_on_seed_and_name_alone():
    first = [Stream(7, "s1→s2", "latency").bits() for _ in range(3)]
    assert len(set(first)) == 1
    others = [Stream(8, "s1→s2", "latency"), Stream(7, "s2→s1", "latency")]
    assert first[0] not in {stream.bits() for stream in others}


def test_drawing_from_one_stream_changes_no_other():
    alone = Stream(1, "a")
    expected = [alone.bits() for _ in range(5)]
    a, b = Stream(1, "a"), Stream(1, "b")
    mixed = []
    for _ in range(5):
        b.bits()
        mixed.append(a.bits())
    assert mixed == expected


def test_names_do_not_run_into_each_other():
    assert Stream(1, "ab", "c").bits() != Stream(1, "a", "bc").bits()


def test_the_generator_is_the_published_one():
    # Lehmer modulo 2^128 from state 1, worked out by hand with Python's big numbers.
    from distlab.sim.streams import MULTIPLIER

    stream = Stream(0)
    state = stream.state = 1
    for _ in range(100):
        state = state * MULTIPLIER % 2**128
        assert stream.bits() == state // 2**64


def test_whole_numbers_are_even_over_a_range_with_both_ends():
    stream = Stream(3, "dice")
    counts = Counter(stream.between(1, 6) for _ in range(60_000))
    assert set(counts) == {1, 2, 3, 4, 5, 6}
    chi2 = sum((counts[face] - 10_000) ** 2 / 10_000 for face in counts)
    assert chi2 < 20.5, "one in a thousand fair dice are further off"


def test_the_first_draws_of_many_streams_are_even_too():
    counts = Counter(Stream(seed, "s1→s2").between(0, 9) for seed in range(20_000))
    chi2 = sum((counts[digit] - 2_000) ** 2 / 2_000 for digit in range(10))
    assert chi2 < 27.9, "one in a thousand fair tables are further off"


def test_consecutive_draws_are_not_correlated():
    stream = Stream(5, "pairs")
    xs = [stream.fraction() for _ in range(40_000)]
    mean = sum(xs) / len(xs)
    variance = sum((x - mean) ** 2 for x in xs) / len(xs)
    lag = sum((a - mean) * (b - mean) for a, b in pairwise(xs))
    assert abs(mean - 0.5) < 0.005
    assert abs(variance - 1 / 12) < 0.002
    assert abs(lag / len(xs) / variance) < 0.02


def test_a_sample_has_k_different_options_and_favours_none():
    stream = Stream(9, "choose")
    samples = [stream.sample(2, "abcd") for _ in range(12_000)]
    assert all(len(set(sample)) == 2 for sample in samples)
    counts = Counter(samples)
    assert len(counts) == 12
    assert all(850 < count < 1150 for count in counts.values())
    assert stream.sample(0, "abcd") == ()
    assert sorted(stream.sample(4, "abcd")) == list("abcd")


def test_a_stream_is_small():
    stream = Stream(1, "s1→s2")
    stream.bits()
    assert sys.getsizeof(stream) + sys.getsizeof(stream.state) < 100


def test_streams_are_the_same_in_every_process():
    code = "from distlab.sim.streams import Stream; print(Stream(7, 'é', 'b').bits())"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("0", "1", "2")
    }
    assert printed == {f"{Stream(7, 'é', 'b').bits()}\n"}
