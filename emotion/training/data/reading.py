"""Reads data sets: ``fer2013.csv`` with the FER+ votes, CSV files of its form, and pictures.

A row or picture that cannot be used is named in ``LabelledFaces.problems``; the rest is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from emotion.errors import DataError
from emotion.training.data.faces import LabelledFaces
from emotion.training.data.folders import read_pictures
from emotion.training.data.labels import LABEL_ORDERS
from emotion.training.data.tables import read_face_table, read_votes


def read_faces(data: str | Path, ferplus: str | Path | None = None) -> LabelledFaces:
    """The faces of a CSV of FER2013's form (with the FER+ votes where given) or of pictures.

    data: a path, or ``HEAD=PATH``, where HEAD names the set's labelling. What is known by that name
    is applied: what a CSV's label numbers mean (``LABEL_ORDERS``; ``ckplus=ckextended.csv``), how
    a set's faces are cut (``FRAMINGS``; ``rafdb=rafdb-train.tar``). Without HEAD a CSV is FER2013,
    and pictures are a set called custom.

    Raises ``DataError`` when nothing of it can be used.
    """
    head, path = _named(data)
    pictures = path.is_dir() or path.suffix == ".tar"
    if ferplus and (pictures or head not in (None, "fer2013")):
        raise DataError("The FER+ votes belong to fer2013.csv; leave --ferplus out here.")
    if pictures:
        return read_pictures(path, head or "custom")
    return _read_table(path, head or "fer2013", Path(ferplus) if ferplus else None)


def _named(data: str | Path) -> tuple[str | None, Path]:
    head, equals, rest = str(data).partition("=")
    if equals and head.isidentifier() and not Path(data).exists():
        return head, Path(rest)
    return None, Path(data)


def _read_table(path: Path, head: str, ferplus: Path | None) -> LabelledFaces:
    table = read_face_table(path, LABEL_ORDERS.get(head, LABEL_ORDERS["fer2013"]))
    votes, problems = read_votes(ferplus, table) if ferplus else (None, ())
    own = head == "fer2013"  # one source, whatever its file is called and however it is packed
    return LabelledFaces(
        images=table.images,
        labels=table.labels,
        split=table.split,
        votes=votes,
        head=head,
        source=("fer2013" if own else path.name.split(".")[0]) + ("+ferplus" if ferplus else ""),
        digest=_digest([path, *([ferplus] if ferplus else [])]),
        problems=table.problems + problems,
    )


def _digest(paths: Iterable[Path]) -> str:
    """sha256 over the files' bytes, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
