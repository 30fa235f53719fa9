"""Values in a hole from those at its rim."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_STEPS = ((0, 1), (1, 0))


def membrane(values: Array, asked: Array, known: Array) -> Array:
    """The smoothest continuation: Laplace's equation where ``asked``, ``values`` where ``known``; nothing
    flows over other borders.

    What is cut off from all that is known becomes the mean of what is known.

    Args:
        values: ``(h, w)``, read where ``known``.
        asked, known: ``(h, w)`` bool.

    Returns:
        ``(h, w)`` float64, of which only what is asked or known means anything.

    Raises:
        ValueError: nothing is known.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import spsolve

    known = known & ~asked
    if not known.any():
        raise ValueError("a membrane needs a rim")
    found = np.where(known, values, 0.0).astype(np.float64)
    number = np.full(asked.shape, -1)
    count = int(asked.sum())
    number[asked] = np.arange(count)
    load, weight = np.zeros(count), np.zeros(count)
    ends: list[Array] = []
    for down, across in _STEPS:
        here = np.s_[: asked.shape[0] - down, : asked.shape[1] - across]
        there = np.s_[down:, across:]
        both = asked[here] & asked[there]
        ends.append(np.stack([number[here][both], number[there][both]]))
        for one, other in ((here, there), (there, here)):
            touching = asked[one] & known[other]
            np.add.at(load, number[one][touching], found[other][touching])
            np.add.at(weight, number[one][touching], 1.0)
    first, second = np.concatenate(ends, axis=1)
    links = coo_matrix((np.ones(len(first)), (first, second)), (count, count))
    links = (links + links.T).tocsr()
    parts, part = connected_components(links, directed=False)
    held = np.bincount(part, weight, parts) > 0
    answer = np.full(count, float(found[known].mean()))
    free = held[part]
    if free.any():
        degree = np.asarray(links.sum(axis=1)).ravel() + weight
        system = coo_matrix((degree, (np.arange(count), np.arange(count))), (count, count)).tocsr() - links
        answer[free] = spsolve(system[free][:, free].tocsc(), load[free])
    found[asked] = answer
    return found
