"""Statistics of data sets: faces per class and split, duplicates, overlaps between splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from emotion.training.expression.data.faces import (
    FERPLUS_LABELS,
    SPLITS,
    LabelledFaces,
    training_split,
    validation_split,
)
from emotion.training.expression.data.problems import count_by_kind
from emotion.training.expression.targets import majority
from emotion.types import EMOTIONS

BLANK_SPREAD = 1.0
"""Standard deviation of the grey values, 0..255, below which a picture is blank."""


def statistics_of(sets: Sequence[LabelledFaces]) -> dict[str, Any]:
    """Computes the statistics of data sets that are read for one run.

    Args:
        sets: The data sets.

    Returns:
        JSON values: ``sets``, the statistics of each set, and ``shared``, the number of pictures
        that two sets have in common, by a split of the first and one of the second. Of each set
        there are ``counts`` per split and class, ``duplicates`` (rows whose picture comes earlier,
        too), ``conflicting_labels`` (pictures with several labels), ``blank`` pictures,
        ``overlaps`` (rows of the second split whose picture is in the first, too), ``usable`` (rows
        that a run uses for training and validation) and ``problems`` of reading.
    """
    return {
        "sets": [_of_one(faces, sets) for faces in sets],
        "shared": [
            {"sets": [a.head, b.head], "pictures": found}
            for a, b in combinations(sets, 2)
            if (found := _shared(a, b))
        ],
    }


def _of_one(faces: LabelledFaces, sets: Sequence[LabelledFaces]) -> dict[str, Any]:
    """The statistics of one set among those of a run."""
    keys = faces.picture_keys()
    labels: dict[bytes, set[int]] = {}
    for key, label in zip(keys, faces.labels, strict=True):
        labels.setdefault(key, set()).add(int(label))
    by_split = {split: list(keys[faces.split == split]) for split in SPLITS}
    spread = faces.images.reshape(len(faces), -1).std(axis=1)
    found = {
        "head": faces.head,
        "source": faces.source,
        "sha256": faces.digest,
        "faces": len(faces),
        "counts": {s: _counts(faces.labels[faces.split == s], EMOTIONS) for s in SPLITS},
        "duplicates": len(faces) - len(labels),
        "conflicting_labels": sum(len(each) > 1 for each in labels.values()),
        "blank": int((spread < BLANK_SPREAD).sum()),
        "overlaps": {
            f"{a}, {b}": _found(by_split[b], set(by_split[a])) for a, b in combinations(SPLITS, 2)
        },
        "usable": {
            "Training": len(training_split(faces, sets)),
            "PublicTest": len(validation_split(faces, sets)),
        },
        "problems": count_by_kind(faces.problems),
        "problem_sentences": [problem.sentence for problem in faces.problems],
    }
    if faces.votes is not None:
        voted = majority(faces.votes)
        found["ferplus_majority"] = {
            s: _counts(voted[(faces.split == s) & (voted >= 0)], FERPLUS_LABELS) for s in SPLITS
        }
    return found


def _found(keys: Sequence[bytes], among: set[bytes]) -> int:
    """How many of the keys are in the set; NumPy would strip a key's trailing zero bytes."""
    return sum(key in among for key in keys)


def _counts(labels: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    return dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))


def _shared(a: LabelledFaces, b: LabelledFaces) -> dict[str, int]:
    """ "split, split" -> number of shared pictures, without the pairs that share none."""
    of_a = {s: set(a.picture_keys()[a.split == s]) for s in SPLITS}
    of_b = {s: set(b.picture_keys()[b.split == s]) for s in SPLITS}
    both = {f"{s}, {t}": len(of_a[s] & of_b[t]) for s in SPLITS for t in SPLITS}
    return {pair: count for pair, count in both.items() if count}


def as_text(statistics: Mapping[str, Any]) -> str:
    """Formats the statistics for a terminal: a table of counts and a few lines for each set.

    Args:
        statistics: What ``statistics_of`` returned.
    """
    parts = [_one_as_text(found) for found in statistics["sets"]]
    for shared in statistics["shared"]:
        first, second = shared["sets"]
        each = "; ".join(f"{pair}: {count}" for pair, count in shared["pictures"].items())
        parts.append(f"pictures in both {first} and {second}: {each}")
    return "\n\n".join(parts)


def _one_as_text(found: Mapping[str, Any]) -> str:
    lines = [f"{found['head']} ({found['source']}): {found['faces']} faces"]
    lines += _table(found["counts"])
    if "ferplus_majority" in found:
        lines += ["", "FER+ majority, where there is one"]
        lines += _table(found["ferplus_majority"])
    lines.append("")
    lines.append(
        f"duplicates of earlier pictures: {found['duplicates']}; pictures with several labels: "
        f"{found['conflicting_labels']}; blank pictures: {found['blank']}"
    )
    for pair, count in found["overlaps"].items():
        first, second = pair.split(", ")
        lines.append(f"faces of {second} whose picture is in {first}, too: {count}")
    usable = found["usable"]
    lines.append(
        f"without duplicates and held-out pictures: {usable['Training']} for training, "
        f"{usable['PublicTest']} for validation"
    )
    if found["problems"]:
        left_out = ", ".join(f"{count} {kind}" for kind, count in found["problems"].items())
        lines.append(f"left out: {left_out}")
    return "\n".join(lines)


def _table(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each split, a column for each class, and the sums."""
    names = list(next(iter(counts.values())))
    width = max(len(name) for name in (*names, "10000")) + 2
    first = max(len(split) for split in counts)
    lines = [" " * first + "".join(f"{name:>{width}}" for name in (*names, "all"))]
    for split, row in counts.items():
        cells = "".join(f"{count:>{width}}" for count in (*row.values(), sum(row.values())))
        lines.append(f"{split:<{first}}{cells}")
    return lines
