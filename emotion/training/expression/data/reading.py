"""Reads data sets: ``fer2013.csv`` with the FER+ votes, other CSV files of its form, and images.

Each may be packed, see ``archives``; a CSV without splits is split like a folder without them.

Rows or images that cannot be used are reported in ``LabelledFaces.problems``; the rest is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion.errors import DataError
from emotion.training.expression.data.archives import is_archive, table_in
from emotion.training.expression.data.faces import FER2013_FORMAT, FaceFormat, LabelledFaces
from emotion.training.expression.data.folders import read_pictures
from emotion.training.expression.data.grouping import GroupRule
from emotion.training.expression.data.labels import LABEL_ORDERS, LabelOrder
from emotion.training.expression.data.splits import add_splits
from emotion.training.expression.data.tables import read_face_table, read_votes


@dataclass(frozen=True, kw_only=True)
class SetOptions:
    """Options of one data set.

    Attributes:
        uncropped: Whether its pictures are photos, in which the face is detected and cropped.
        grouping: Which of its pictures belong in the same split.
        order: What its label numbers mean; None for what is known of the set's name.
    """

    uncropped: bool = False
    grouping: GroupRule | None = None
    order: LabelOrder | None = None


def read_faces(
    data: str | Path,
    ferplus: str | Path | None = None,
    *,
    form: FaceFormat = FER2013_FORMAT,
    options: Mapping[str, SetOptions] | None = None,
) -> LabelledFaces:
    """Reads a data set: a CSV of FER2013's form, with the FER+ votes where given, or images.

    Args:
        data: A path, ``HEAD=PATH`` or ``NAME:HEAD=PATH``. HEAD names the labelling, NAME the set,
            by default the same. The set's name selects the meaning of a CSV's label numbers
            (``LABEL_ORDERS``; ``ckplus=ckextended.csv``) and the crop of its faces (``FRAMINGS``;
            ``rafdb=rafdb-train.tar``). Without HEAD, a CSV is FER2013, and images are a set called
            custom.
        ferplus: File of the FER+ votes for fer2013.csv.
        form: Format of the faces of an image set; those of a CSV are left as they are.
        options: Name of a set -> its options.

    Raises:
        DataError: When none of it can be used.
    """
    name, head, path = split_name(data)
    pictures = path.is_dir() or (is_archive(path) and table_in(path) is None)
    if ferplus and (pictures or head not in (None, "fer2013")):
        raise DataError("The FER+ votes belong to fer2013.csv; leave --ferplus out here.")
    head = head or ("custom" if pictures else "fer2013")
    name = name or head
    own = (options or {}).get(name, SetOptions())
    if pictures:
        return read_pictures(
            path,
            head,
            name=name,
            form=form,
            uncropped=own.uncropped,
            grouping=own.grouping,
            order=own.order,
        )
    order = own.order or LABEL_ORDERS.get(name) or LABEL_ORDERS["fer2013"]
    return _read_table(path, head, name, order, Path(ferplus) if ferplus else None)


def split_name(data: str | Path) -> tuple[str | None, str | None, Path]:
    """Splits ``NAME:HEAD=PATH`` into (name, head, path), with None for what is missing."""
    prefix, equals, rest = str(data).partition("=")
    name, colon, head = prefix.partition(":")
    named = all(part.isidentifier() for part in ((name, head) if colon else (name,)))
    if equals and named and not Path(data).exists():
        return name, head if colon else name, Path(rest)
    return None, None, Path(data)


def _read_table(
    path: Path, head: str, name: str, order: LabelOrder, ferplus: Path | None
) -> LabelledFaces:
    table = read_face_table(path, order)
    votes, problems = read_votes(ferplus, table) if ferplus else (None, ())
    own = head == "fer2013"  # the same source, whatever the file's name and compression
    faces = LabelledFaces(
        images=table.images,
        labels=table.labels,
        split=np.full(len(table.rows), "Training") if table.split is None else table.split,
        votes=votes,
        head=head,
        name=name,
        source=("fer2013" if own else path.name.split(".")[0]) + ("+ferplus" if ferplus else ""),
        digest=_digest([path, *([ferplus] if ferplus else [])]),
        problems=table.problems + problems,
    )
    if table.split is None:
        return add_splits(faces, table.rows)
    return faces


def _digest(paths: Iterable[Path]) -> str:
    """sha256 over the files' bytes, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
