"""The graph of dependencies with the order of sessions and of time, and its components.

Source
    Kingsbury and Alvaro, "Elle", PVLDB 14(3), 2020, section 5: process and real-time
    edges, and few of them.
    Cerone and Gotsman, "Analysing Snapshot Isolation", PODC 2016: rings whose anti-
    dependencies are apart are what snapshots forbid. In the doubled graph they are just
    rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distlab.check.dependencies import (
    ALWAYS,
    IN_SESSIONS,
    ON,
    PROCESS,
    REAL_TIME,
    RW,
    SCAN,
    Dependencies,
    Edges,
)
from distlab.check.observations import FOREVER, NOBODY

MISSED = (RW, SCAN)  # edges that say what was not seen


def components(nodes: int, src: Any, dst: Any) -> Any:
    """The number of each node's strongly connected component; -1 where it is alone."""
    import numpy
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = csr_array((numpy.ones(len(src)), (src, dst)), shape=(nodes, nodes))
    _, labels = connected_components(graph, directed=True, connection="strong")
    return numpy.where(numpy.bincount(labels)[labels] > 1, labels, -1)


def with_order(graph: Dependencies, basis: int) -> tuple[Edges, int]:
    """The dependencies that hold on this basis, with its own edges; and their nodes.

    Real time is a chain of nodes, one for each end: who ends leads to it, and who is
    called later follows. So it takes three edges a transaction.
    """
    import numpy

    observed, edges, nodes = graph.observed, graph.edges, graph.nodes
    edges = edges.only(edges.basis <= basis)
    if basis == ALWAYS:
        return edges, nodes
    happened = numpy.flatnonzero(graph.happened)
    previous = numpy.array(observed.previous, int)[happened]
    after = previous != NOBODY
    rows = [(previous[after], happened[after], PROCESS)]
    if basis == IN_SESSIONS:
        return joined(edges, rows), nodes
    calls = numpy.array(observed.calls, int)[happened]
    ends = numpy.array(observed.ends, int)[happened]
    certain = ends < FOREVER
    moments = numpy.sort(ends[certain])  # of equal ones, the first and the last count
    row = numpy.arange(nodes, nodes + len(moments))
    ending = numpy.searchsorted(moments, ends[certain])
    passed = numpy.searchsorted(moments, calls) - 1
    late = passed >= 0
    rows.append((happened[certain], row[ending], REAL_TIME))
    rows.append((row[:-1], row[1:], REAL_TIME))
    rows.append((row[passed[late]], happened[late], REAL_TIME))
    return joined(edges, rows), nodes + len(moments)


def joined(edges: Edges, others: Sequence[tuple[Any, Any, int]]) -> Edges:
    """Edges, and others of one kind each, which hold by themselves."""
    import numpy

    src, dst, kinds = zip(*others, strict=True)
    kind = numpy.repeat(kinds, [len(row) for row in src])
    key, basis = numpy.full_like(kind, NOBODY), numpy.full_like(kind, ALWAYS)
    return Edges(
        numpy.concatenate([edges.src, *src]),
        numpy.concatenate([edges.dst, *dst]),
        numpy.concatenate([edges.kind, kind]),
        numpy.concatenate([edges.key, key]),
        numpy.concatenate([edges.basis, basis]),
    )


def doubled(src: Any, dst: Any, kind: Any) -> tuple[Any, Any]:
    """The graph of places: 2 · node, and 1 more where the step there missed a write."""
    import numpy

    missed, on = numpy.isin(kind, [*MISSED]), kind == ON
    free = ~missed & ~on
    begin = 2 * src[missed], 2 * src[free], 2 * src[free] + 1, 2 * src[on] + 1
    end = 2 * dst[missed] + 1, 2 * dst[free], 2 * dst[free], 2 * dst[on] + 1
    return numpy.concatenate(begin), numpy.concatenate(end)
