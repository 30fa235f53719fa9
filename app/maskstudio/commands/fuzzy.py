"""How well a few typed letters fit a title: what the palette sorts by."""

from __future__ import annotations

from collections.abc import Iterable

from maskstudio.commands.registry import Command


def fit(query: str, text: str) -> float | None:
    """Score of ``query`` as a subsequence of ``text``, higher is better; None if it is none.

    Letters at the start of a word and letters that follow each other count more, so ``"sa"`` prefers
    *Save as* to *Erase*; gaps and leftover length cost a little. Case is ignored, so are spaces typed.
    """
    wanted = [letter for letter in query.lower() if not letter.isspace()]
    if not wanted:
        return 0.0
    low = text.lower()
    whole = low.find(query.lower().strip())
    best = _walk(wanted, low)
    if best is None:
        return None
    if whole >= 0:
        best += 6.0 + (4.0 if whole == 0 or not low[whole - 1].isalnum() else 0.0)
    return best - 0.02 * len(text)


def _walk(wanted: list[str], text: str) -> float | None:
    """Best alignment, by dynamic programming over (letter, position)."""
    gone = float("-inf")
    scores = [0.0] * (len(text) + 1)
    for index, letter in enumerate(wanted):
        ends = [gone] * (len(text) + 1)
        reach = gone
        for position, char in enumerate(text):
            reach = max(reach - 0.05, scores[position])
            if char != letter:
                continue
            first = position == 0 or not text[position - 1].isalnum()
            follows = index > 0 and scores[position] > gone
            ends[position + 1] = max(reach + (2.0 if first else 0.5), scores[position] + 1.5 * follows + 0.5)
        scores = ends
    best = max(scores)
    return None if best == gone else best


def search(query: str, commands: Iterable[Command]) -> list[Command]:
    """Commands that fit, best first; with nothing typed all of them in their own order.

    The title counts in full, menu and further words for half.
    """
    found: list[tuple[float, int, Command]] = []
    for order, command in enumerate(commands):
        direct = fit(query, command.full_title)
        around = fit(query, f"{command.menu or ''} {command.full_title} {command.words}")
        if direct is None and around is None:
            continue
        score = max(direct if direct is not None else -1e9, 0.5 * around if around is not None else -1e9)
        found.append((-score, order, command))
    if not query.strip():
        return [command for _, _, command in found]
    return [command for _, _, command in sorted(found, key=lambda item: item[:2])]
