"""Folder structures of data sets: ``train|val|test/LABEL/*`` or ``LABEL/*``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from emotion.imaging.files import IMAGE_SUFFIXES
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data.faces import SPLITS
from emotion.training.expression.data.labels import CONTEMPT, label_from_name
from emotion.training.expression.data.problems import Problem
from emotion.types import EMOTIONS

Name = tuple[str, ...]
"""The parts of a file's path below the set's root."""

USAGES = {folder: usage for usage, folder in SPLITS.items()}
"""Folders of a custom set -> FER2013's names of the splits."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """Label and split of a picture, by its folders.

    Attributes:
        label: Index into ``EMOTIONS``.
        split: FER2013's name of the split; None for ``LABEL/*``.
    """

    label: int
    split: str | None


def parse_layout(names: Sequence[Name]) -> tuple[list[Location | None], list[Problem]]:
    """Finds label and split of each file.

    A folder around the whole set is skipped. If any picture is in ``train|val|test/LABEL``, all
    have to be. Hidden files and folders are ignored without a problem.

    Args:
        names: All files of the set.

    Returns:
        The location of each file, None for one that is left out, and the problems by folder.
    """
    names = _below_common_folder(names)
    with_splits = any(
        len(name) == 3 and name[0] in USAGES and label_from_name(name[1]) for name in names
    )
    places: list[Location | None] = []
    left_out: Counter[tuple[str, str]] = Counter()
    for name in names:
        found = _place(name, with_splits)
        places.append(found if isinstance(found, Location) else None)
        if isinstance(found, tuple):
            left_out[found] += 1
    problems = [
        Problem(kind=kind, sentence=f"{folder}: {_reason(kind, with_splits, count)}", count=count)
        for (kind, folder), count in sorted(left_out.items())
    ]
    return places, problems


def _below_common_folder(names: Sequence[Name]) -> Sequence[Name]:
    """The paths without a folder around the whole set, if there is one."""
    first = {name[0] for name in names if not name[0].startswith((".", "__MACOSX"))}
    if len(first) != 1 or min(map(len, names)) < 3:
        return names
    folder = next(iter(first))
    known = folder in USAGES or label_from_name(folder) is not None
    return names if known else [name[1:] for name in names]


def _place(name: Name, with_splits: bool) -> Location | tuple[str, str] | None:
    """The location, or (kind of problem, where), or None for a file to be ignored."""
    depth = 3 if with_splits else 2
    if any(part.startswith((".", "__MACOSX")) for part in name):
        return None
    is_picture = PurePath(name[-1]).suffix.lower() in IMAGE_SUFFIXES
    if len(name) != depth:
        return (kinds.MISPLACED, "/".join(name[:-1]) or name[-1]) if is_picture else None
    split = name[0] if with_splits else None
    label = label_from_name(name[-2])
    if (split is not None and split not in USAGES) or label is None:
        wrong = name[0] if split is not None and split not in USAGES else "/".join(name[:-1])
        return (kinds.FOLDER, wrong) if is_picture else None
    if not is_picture:
        return kinds.PICTURE, "/".join(name)
    if label == CONTEMPT:
        return kinds.CONTEMPT, "/".join(name[:-1])
    return Location(label=EMOTIONS.index(label), split=None if split is None else USAGES[split])


def _reason(kind: str, with_splits: bool, count: int) -> str:
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    expected = "train|val|test/LABEL" if with_splits else "LABEL or train|val|test/LABEL"
    labels = ", ".join(EMOTIONS)
    if kind == kinds.CONTEMPT:
        return f"{pictures} of contempt, none of the seven expressions."
    if kind == kinds.PICTURE:
        return f"no picture by its name (expected {', '.join(IMAGE_SUFFIXES)})."
    if kind == kinds.MISPLACED:
        return f"{pictures} outside {expected}."
    return f"{pictures} in a folder of an unknown name; expected {expected}, LABEL one of {labels}."
