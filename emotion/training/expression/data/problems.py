"""What was left out while a data set was read: each thing named, all of them counted."""

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
"""Kinds that are no fault of the data: the set is whole, and we have no use for these rows."""

SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that was left out.

    kind: one of this module's names, a plural phrase. sentence: where and what, for the person who
    gave the data. count: how many rows or pictures were left out for it.
    """

    kind: str
    sentence: str
    count: int = 1


def count_by_kind(problems: Sequence[Problem]) -> dict[str, int]:
    """Kind -> how many rows or pictures were left out, the most frequent first."""
    total: Counter[str] = Counter()
    for problem in problems:
        total[problem.kind] += problem.count
    return dict(total.most_common())


def summary(problems: Sequence[Problem]) -> str:
    """The counts as one phrase: "3 unknown labels, 1 unreadable pictures"."""
    return ", ".join(f"{count} {kind}" for kind, count in count_by_kind(problems).items())


def lines(problems: Sequence[Problem], shown: int = SHOWN) -> list[str]:
    """The first ``shown`` sentences, then one line that counts everything; [] for no problems."""
    if not problems:
        return []
    told = [problem.sentence for problem in problems[:shown]]
    if len(problems) > shown:
        told.append(f"... and {len(problems) - shown} more like these.")
    return [*told, f"Left out: {summary(problems)}; the rest is used."]
