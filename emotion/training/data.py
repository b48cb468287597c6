"""Reads the data sets' own files: ``fer2013.csv`` with the FER+ votes, and folders of pictures."""

from __future__ import annotations

import hashlib
import lzma
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.errors import DataError
from emotion.training.faces import FACE_SIZE, SPLITS, VOTES, LabelledFaces
from emotion.training.folders import read_pictures
from emotion.types import EMOTIONS


def read_faces(data: str | Path, ferplus: str | Path | None = None) -> LabelledFaces:
    """The faces of a ``fer2013.csv`` (with the FER+ votes where given) or of a set of pictures.

    data: a path; for a folder or ``.tar`` also ``HEAD=PATH``, where HEAD names the set's labelling
    (and, where ``FRAMINGS`` knows it, how its faces are cut).
    """
    head, path = _named(data)
    if head or path.is_dir() or path.suffix == ".tar":
        if ferplus:
            raise DataError("The FER+ votes belong to fer2013.csv; leave --ferplus out here.")
        return read_pictures(path, head or "custom")
    return _read_fer2013(path, Path(ferplus) if ferplus else None)


def _named(data: str | Path) -> tuple[str | None, Path]:
    head, equals, rest = str(data).partition("=")
    if equals and head.isidentifier() and not Path(data).exists():
        return head, Path(rest)
    return None, Path(data)


def _read_fer2013(path: Path, ferplus: Path | None) -> LabelledFaces:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"The data file {path} cannot be read as CSV ({error}).") from error
    missing = {"emotion", "pixels", "Usage"} - set(table.columns)
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(sorted(missing))}; "
            "expected FER2013's emotion, pixels and Usage."
        )
    images = np.empty((len(table), *FACE_SIZE), np.uint8)
    for row, text in enumerate(table["pixels"]):
        pixels = text.split()
        if len(pixels) != FACE_SIZE[0] * FACE_SIZE[1]:
            raise DataError(
                f"Row {row + 2} of {path} has {len(pixels)} pixels, expected 48 x 48 = 2304."
            )
        try:
            images[row] = np.array(pixels, np.uint8).reshape(FACE_SIZE)
        except (ValueError, OverflowError) as error:
            raise DataError(f"Row {row + 2} of {path} has pixels outside 0..255.") from error
    labels = table["emotion"].to_numpy(np.int64)
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(EMOTIONS)):
        raise DataError(f"{path} has labels outside 0..{len(EMOTIONS) - 1}.")
    split = table["Usage"].to_numpy(str)
    unknown = sorted(set(split) - set(SPLITS))
    if unknown:
        raise DataError(f"{path} has the unknown Usage {str(unknown[0])!r}.")
    return LabelledFaces(
        images=images,
        labels=labels,
        split=split,
        votes=_read_votes(ferplus, split) if ferplus else None,
        head="fer2013",
        source="fer2013" + ("+ferplus" if ferplus else ""),
        digest=_digest([path, *([ferplus] if ferplus else [])]),
    )


def _read_votes(path: Path, split: np.ndarray) -> np.ndarray:
    """FER+ counts, int64 (N, 10), row for row with FER2013."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"The FER+ file {path} cannot be read as CSV ({error}).") from error
    if len(table) != len(split) or len(table.columns) != 2 + VOTES:
        raise DataError(
            f"{path} has {len(table)} rows and {len(table.columns)} columns; FER+ has one row for "
            f"each of the {len(split)} faces and {2 + VOTES} columns."
        )
    if not np.array_equal(table.iloc[:, 0].to_numpy(str), split):
        raise DataError(f"The rows of {path} are not in the order of the FER2013 file.")
    return np.asarray(table.iloc[:, 2:], np.int64)


def _digest(paths: Iterable[Path]) -> str:
    """sha256 over the files' bytes, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
