"""Sets of picture files, ``train|val|test/LABEL/*``, in a folder or a ``.tar`` of one.

Another set frames its faces its own way; ``Framing`` brings them to FER2013's, which is the crop
rule that the detector's boxes are cut by in serving.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from emotion.crop import to_gray
from emotion.errors import DataError, EmotionError
from emotion.images import IMAGE_SUFFIXES, read_image
from emotion.training.faces import FACE_SIZE, SPLITS, LabelledFaces, with_validation
from emotion.types import EMOTIONS

VALIDATION_FRACTION = 0.125
"""Set aside, class by class, of a set that comes with ``train`` alone."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Where a set's cut lies in FER2013's: its size and the top of its edge, as fractions."""

    scale: float = 1.0
    top: float = 0.0


FRAMINGS = {"rafdb": Framing(scale=0.95, top=0.067)}
"""Sets that are cut differently. RAF-DB's aligned faces have their eyes at .34 and the mouth at .74
of the height, FER2013's at .39 and .77."""


def read_pictures(root: Path, head: str = "custom") -> LabelledFaces:
    """The faces under ``root``, a folder or ``.tar`` file, as grey FACE_SIZE pictures.

    head: the name of the labelling; where ``FRAMINGS`` knows it, its framing is applied. A set
    with only ``train`` gets a part to choose on.
    """
    framing = FRAMINGS.get(head, Framing())
    images, labels, split = [], [], []
    digest = hashlib.sha256()
    folders = {folder: usage for usage, folder in SPLITS.items()}
    for name, data in _files(root):
        digest.update(data)
        try:
            images.append(_framed(read_image(data), framing))
        except EmotionError as error:
            raise DataError(f"{root}: {'/'.join(name)}: {error}") from error
        labels.append(EMOTIONS.index(name[1]))
        split.append(folders[name[0]])
    if not images:
        raise DataError(
            f"No pictures under {root}: expected train|val|test/LABEL/*, "
            f"with LABEL one of {', '.join(EMOTIONS)}."
        )
    faces = LabelledFaces(
        images=np.stack(images),
        labels=np.array(labels, np.int64),
        split=np.array(split),
        votes=None,
        head=head,
        source=root.stem,
        digest=digest.hexdigest(),
    )
    if set(split) == {"Training"}:
        return with_validation(faces, VALIDATION_FRACTION)
    return faces


def _files(root: Path) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """(split folder, label, file name) and bytes of each picture, in the order of their names."""
    if root.is_dir():
        paths = sorted(path for path in root.glob("*/*/*") if path.is_file())
        for path in paths:
            name = path.relative_to(root).parts
            if _is_picture(name):
                yield name, path.read_bytes()
        return
    try:
        with tarfile.open(root) as archive:
            members = [member for member in archive if member.isfile()]
            for member in sorted(members, key=lambda m: m.name):
                name = PurePosixPath(member.name).parts
                file = archive.extractfile(member) if _is_picture(name) else None
                if file is not None:
                    yield name, file.read()
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"The archive {root} cannot be read ({error}).") from error


def _is_picture(name: tuple[str, ...]) -> bool:
    return (
        len(name) == 3
        and name[0] in SPLITS.values()
        and name[1] in EMOTIONS
        and Path(name[2]).suffix.lower() in IMAGE_SUFFIXES
    )


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
