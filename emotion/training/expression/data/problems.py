"""Problems of reading a data set: what was left out, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

CONTEMPT = "contempt, which is none of the seven expressions"
FOLDER = "folders of an unknown name"
INCOMPLETE = "rows with missing or surplus fields"
LABEL = "unknown labels"
LENGTH = "wrong numbers of pixels"
MISPLACED = "pictures outside every label's folder"
PICTURE = "unreadable pictures"
RANGE = "pixels that are no whole numbers in 0..255"
SPLIT = "unknown splits"
VOTES = "unreadable votes"

BY_RULE = frozenset({CONTEMPT})
"""Kinds that are no fault of the data set; its rows are valid but not used."""

SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Rows or pictures that were left out.

    Attributes:
        kind: One of this module's constants, a plural phrase.
        sentence: What is wrong and where, for the user.
        count: Number of rows or pictures.
    """

    kind: str
    sentence: str
    count: int = 1


def count_by_kind(problems: Sequence[Problem]) -> dict[str, int]:
    """Kind -> number of rows or pictures, the most frequent first."""
    total: Counter[str] = Counter()
    for problem in problems:
        total[problem.kind] += problem.count
    return dict(total.most_common())


def summary(problems: Sequence[Problem]) -> str:
    """The counts as a phrase: "3 unknown labels, 1 unreadable pictures"."""
    return ", ".join(f"{count} {kind}" for kind, count in count_by_kind(problems).items())


def lines(problems: Sequence[Problem], shown: int = SHOWN) -> list[str]:
    """The first ``shown`` sentences, then a line with all counts; [] without problems."""
    if not problems:
        return []
    sentences = [problem.sentence for problem in problems[:shown]]
    if len(problems) > shown:
        sentences.append(f"... and {len(problems) - shown} more like these.")
    return [*sentences, f"Left out: {summary(problems)}; the rest is used."]
