"""Folder structures of data sets: ``train|val|test/LABEL/*`` or ``LABEL/*``, at any depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from emotion.errors import DataError
from emotion.files import is_companion
from emotion.imaging.formats import IMAGE_SUFFIXES
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data.faces import split_of
from emotion.training.expression.data.labels import (
    CONTEMPT,
    LABEL_ORDERS,
    LabelOrder,
    label_from_csv,
    number_of,
    numbers_text,
)
from emotion.training.expression.data.problems import Problem
from emotion.types import EMOTIONS

Name = tuple[str, ...]
"""The parts of a file's path below the set's root."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """Label and split of a picture, by its folders.

    Attributes:
        label: Index into ``EMOTIONS``.
        split: FER2013's name of the split; None for ``LABEL/*``.
    """

    label: int
    split: str | None


def parse_layout(
    names: Sequence[Name], order: LabelOrder | None = None
) -> tuple[list[Location | None], list[Problem]]:
    """Finds label and split of each file.

    Folders around the whole set are skipped. If any picture is in ``train|val|test/LABEL``, all
    have to be. Hidden files and folders are ignored without a problem, and so is what systems lay
    beside pictures.

    Args:
        names: All files of the set.
        order: What label folders mean that are numbers; None leaves them out.

    Returns:
        The location of each file, None for one that is left out, and the problems by folder.

    Raises:
        DataError: There is a validation split that cannot be used, or a folder that may be one: it
            would be replaced by a part of the training split.
    """
    names = _below_common_folders(names)
    with_splits = any(
        len(name) == 3 and split_of(name[0]) and _is_label(name[1])
        for name in names
        if _is_picture(name)
    )
    places: list[Location | None] = []
    left_out: Counter[tuple[str, str]] = Counter()
    for name in names:
        found = _place(name, with_splits, order)
        places.append(found if isinstance(found, Location) else None)
        if isinstance(found, tuple):
            left_out[found] += 1
    problems = [
        Problem(
            kind=kind, sentence=f"{folder}: {_reason(kind, folder, with_splits, order, count)}",
            count=count,
        )
        for (kind, folder), count in sorted(left_out.items())
    ]  # fmt: skip
    splits = {place.split for place in places if place}
    if "Training" in splits and "PublicTest" not in splits:
        _check_no_validation(names, problems)
    return places, problems


def _check_no_validation(names: Sequence[Name], problems: Sequence[Problem]) -> None:
    for name in names:
        if len(name) < 2 or not _is_picture(name) or split_of(name[0]) in _OTHER_SPLITS:
            continue
        if split_of(name[0]) == "PublicTest":
            why = f" First: {problems[0].sentence}" if problems else ""
            raise DataError(
                f"The validation split {name[0]} has no picture that can be used; mend it, or "
                f"take it away to have a part of train in its place.{why}"
            )
        if len(name) == 3 and _is_label(name[1]):
            raise DataError(
                f"The folder {name[0]} has labels like a split, but its name is unknown; rename it "
                "to train, val or test, or take it away."
            )


_OTHER_SPLITS = ("Training", "PrivateTest")


def _below_common_folders(names: Sequence[Name]) -> Sequence[Name]:
    """The paths without the folders around the whole set, if there are any."""
    around: Name = ()
    while True:
        depth = len(around)
        below = [
            name
            for name in names
            if name[:depth] == around and len(name) > depth + 2 and _is_picture(name)
        ]
        folders = {name[depth] for name in below}
        if len(folders) != 1:
            break
        (folder,) = folders
        if split_of(folder) or _is_label(folder):
            break
        around = (*around, folder)
    depth = len(around)
    return [
        name[depth:] if len(name) > depth and name[:depth] == around else name for name in names
    ]


def _is_label(folder: str) -> bool:
    return label_from_csv(folder, _ANY_NUMBER) is not None


_ANY_NUMBER = dict.fromkeys(range(100), CONTEMPT)


def _is_hidden(name: Name) -> bool:
    return is_companion(name) or any(part.startswith(".") for part in name)


def _is_picture(name: Name) -> bool:
    return not _is_hidden(name) and PurePath(name[-1]).suffix.lower() in IMAGE_SUFFIXES


def _place(
    name: Name, with_splits: bool, order: LabelOrder | None
) -> Location | tuple[str, str] | None:
    """The location, or (kind of problem, where), or None for a file to be ignored."""
    depth = 3 if with_splits else 2
    if _is_hidden(name):
        return None
    is_picture = _is_picture(name)
    if len(name) != depth:
        return (kinds.MISPLACED, "/".join(name[:-1]) or name[-1]) if is_picture else None
    split = split_of(name[0]) if with_splits else None
    label = label_from_csv(name[-2], order or {})
    if (with_splits and split is None) or label is None:
        wrong = name[0] if with_splits and split is None else "/".join(name[:-1])
        return (kinds.FOLDER, wrong) if is_picture else None
    if not is_picture:
        return kinds.PICTURE, "/".join(name)
    if label == CONTEMPT:
        return kinds.CONTEMPT, "/".join(name[:-1])
    return Location(label=EMOTIONS.index(label), split=split)


def _reason(kind: str, folder: str, with_splits: bool, order: LabelOrder | None, count: int) -> str:
    pictures = "1 picture" if count == 1 else f"{count} pictures"
    expected = "train|val|test/LABEL" if with_splits else "LABEL or train|val|test/LABEL"
    labels = ", ".join(EMOTIONS)
    if kind == kinds.CONTEMPT:
        return f"{pictures} of contempt, none of the seven expressions."
    if kind == kinds.PICTURE:
        return f"no picture by its name (expected {', '.join(IMAGE_SUFFIXES)})."
    if kind == kinds.MISPLACED:
        return f"{pictures} outside {expected}."
    if number_of(folder.rsplit("/", 1)[-1]) is not None:
        if order:
            return f"{pictures} in a numbered folder that is none of {numbers_text(order)}."
        presets = " or ".join(f"NAME={preset}" for preset in LABEL_ORDERS)
        return (
            f"{pictures} in a numbered folder; say what the numbers of this set mean: --labels "
            f"{presets}, or with a list of names."
        )
    return f"{pictures} in a folder of an unknown name; expected {expected}, LABEL one of {labels}."
