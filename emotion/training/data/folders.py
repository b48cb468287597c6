"""Sets of picture files, in a folder or a ``.tar`` of one; see ``layout`` for how they may lie.

Another set frames its faces its own way; ``Framing`` brings them to FER2013's, which is the crop
rule that the detector's boxes are cut by in serving.
"""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from emotion.crop import to_gray
from emotion.errors import DataError, EmotionError
from emotion.images import read_image
from emotion.training.data import problems as kinds
from emotion.training.data.faces import FACE_SIZE, LabelledFaces
from emotion.training.data.layout import Name, Place, placed
from emotion.training.data.problems import Problem, summary
from emotion.training.data.splits import groups_of, with_parts, with_validation
from emotion.types import EMOTIONS

DEEPEST = 4
"""Levels of folders that are searched: one more than are used, to name what lies too deep."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Where a set's cut lies in FER2013's: its size and the top of its edge, as fractions."""

    scale: float = 1.0
    top: float = 0.0


FRAMINGS = {"rafdb": Framing(scale=0.95, top=0.067)}
"""Sets that are cut differently. RAF-DB's aligned faces have their eyes at .34 and the mouth at .74
of the height, FER2013's at .39 and .77."""

_File = tuple[Name, Callable[[], bytes]]


def read_pictures(root: Path, head: str = "custom") -> LabelledFaces:
    """The faces under ``root``, a folder or ``.tar`` file, as grey FACE_SIZE pictures.

    head: the name of the labelling; where ``FRAMINGS`` knows it, its framing is applied. A set
    without splits is split, and one without ``val`` gets a part to choose on; CK+'s subjects, which
    file names show, stay on one side. Raises ``DataError`` when no picture can be used.
    """
    framing = FRAMINGS.get(head, Framing())
    images: list[np.ndarray] = []
    used: list[tuple[Name, Place]] = []
    digest = hashlib.sha256()
    with _opened(root) as files:
        places, problems = placed([name for name, _ in files])
        for (name, read), place in zip(files, places, strict=True):
            if place is None:
                continue
            try:
                data = read()
                images.append(_framed(read_image(data), framing))
            except (OSError, EmotionError) as error:
                problems.append(_unreadable(name, error))
                continue
            digest.update(data)
            used.append((name, place))
    if not images:
        raise DataError(_nothing(root, problems))
    groups = groups_of([name[-1] for name, _ in used])
    split = [place.split for _, place in used]
    faces = LabelledFaces(
        images=np.stack(images),
        labels=np.array([place.label for _, place in used], np.int64),
        split=np.array([part or "Training" for part in split]),
        votes=None,
        head=head,
        source=root.stem,
        digest=digest.hexdigest(),
        problems=tuple(problems),
    )
    if None in split:
        return with_parts(faces, groups)
    return faces if "PublicTest" in split else with_validation(faces, groups)


def _unreadable(name: Name, error: Exception) -> Problem:
    reason = str(error) if isinstance(error, EmotionError) else "This file cannot be opened."
    return Problem(kind=kinds.PICTURE, sentence=f"{'/'.join(name)}: {reason}")


def _nothing(root: Path, problems: list[Problem]) -> str:
    why = f" First: {problems[0].sentence} (In all: {summary(problems)}.)" if problems else ""
    return (
        f"No pictures under {root} can be used: expected train|val|test/LABEL/* or LABEL/*, "
        f"with LABEL one of {', '.join(EMOTIONS)}.{why}"
    )


@contextmanager
def _opened(root: Path) -> Iterator[list[_File]]:
    """Every file below ``root`` with what reads its bytes, in the order of their names."""
    if root.is_dir():
        # Not rglob: it passes over folders that are links.
        found = sorted(
            p for depth in range(1, DEEPEST + 1) for p in root.glob("/".join("*" * depth))
        )
        yield [(p.relative_to(root).parts, p.read_bytes) for p in found if not p.is_dir()]
        return
    try:
        with tarfile.open(root) as archive:
            members = sorted((m for m in archive if m.isfile()), key=lambda m: m.name)
            yield [(PurePosixPath(m.name).parts, _reader(archive, m)) for m in members]
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"The archive {root} cannot be read ({error}).") from error


def _reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = archive.extractfile(member)
        return file.read() if file is not None else b""

    return read


def _framed(image: np.ndarray, framing: Framing) -> np.ndarray:
    """An RGB picture as a grey FACE_SIZE one in FER2013's framing, its edge repeated outside."""
    height, width = FACE_SIZE
    rows, columns = round(height * framing.scale), round(width * framing.scale)
    small = to_gray(image, (rows, columns))
    top, left = round(height * framing.top), (width - columns) // 2
    padded = cv2.copyMakeBorder(
        small, top, height, left, width - columns - left, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded[:height])
