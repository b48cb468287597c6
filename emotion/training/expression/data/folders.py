"""Reads data sets of image files, in a folder or an archive; see ``layout`` for their structure.

Data sets crop their faces differently; ``Framing`` adapts them to FER2013's crop, which is the rule
that serving applies to the detector's boxes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from emotion.detection import load_detector
from emotion.errors import DataError, EmotionError
from emotion.expression.crop import crop_face, to_input
from emotion.imaging.files import read_photo
from emotion.models.spec import CropRule
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data.archives import DAMAGE, is_table, opened_files
from emotion.training.expression.data.faces import (
    FER2013_FORMAT,
    FaceFormat,
    LabelledFaces,
    picture_keys,
)
from emotion.training.expression.data.grouping import GroupRule, groups_of
from emotion.training.expression.data.labels import LABEL_ORDERS, LabelOrder
from emotion.training.expression.data.layout import Location, Name, parse_layout
from emotion.training.expression.data.problems import Problem, summary
from emotion.training.expression.data.splits import add_splits, add_validation_split
from emotion.types import EMOTIONS, Image


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Where a data set's crop lies within FER2013's crop.

    Attributes:
        scale: Its side, as a fraction of FER2013's.
        top: Its upper edge, as a fraction of the side from above.
    """

    scale: float = 1.0
    top: float = 0.0


FRAMINGS = {"rafdb": Framing(scale=0.95, top=0.067)}
"""Framing by name of the set. RAF-DB's aligned faces have their eyes at .34 and the mouth at .74 of
the height, FER2013's at .39 and .77."""


def read_pictures(
    root: Path,
    head: str = "custom",
    *,
    name: str = "",
    form: FaceFormat = FER2013_FORMAT,
    uncropped: bool = False,
    grouping: GroupRule | None = None,
    order: LabelOrder | None = None,
) -> LabelledFaces:
    """Reads the labelled pictures of a folder or an archive.

    A set without splits is split, and one without ``val`` gets a validation split.

    Args:
        root: The folder or archive.
        head: Name of the labelling.
        name: Name of the set, by default that of the head; its framing in ``FRAMINGS`` is applied.
        form: Format of the faces.
        uncropped: Whether the pictures are photos, whose largest face is detected and cropped as in
            serving.
        grouping: Which pictures belong in the same split; by default CK+'s subjects.
        order: What label folders mean that are numbers; by default that of the set's name in
            ``LABEL_ORDERS``.

    Raises:
        DataError: When no picture can be used.
    """
    name = name or head
    framing = FRAMINGS.get(name, Framing())
    cut = _face_cutter() if uncropped else (lambda image: image)
    images: list[np.ndarray] = []
    keys: list[bytes] = []
    used: list[tuple[Name, Location]] = []
    digest = hashlib.sha256()
    with opened_files(root) as files:
        names = [path for path, _ in files]
        places, problems = parse_layout(names, order or LABEL_ORDERS.get(name))
        for (path, read), place in zip(files, places, strict=True):
            if place is None:
                continue
            try:
                data = read()
                image = cut(read_photo(data).image)
            except (EmotionError, *DAMAGE) as error:
                problems.append(_unreadable(path, error))
                continue
            images.append(_framed(image, framing, form))
            if form != FER2013_FORMAT:
                keys.extend(picture_keys(_framed(image, framing, FER2013_FORMAT)[None]))
            digest.update(data)
            used.append((path, place))
    if not images:
        raise DataError(_nothing(root, problems, names))
    if grouping and grouping.network:
        from emotion.training.expression.data.identity import identity_groups  # TensorFlow, seconds

        groups = identity_groups(np.stack(images), grouping.network)
    else:
        groups = groups_of([path for path, _ in used], grouping)
    split = [place.split for _, place in used]
    faces = LabelledFaces(
        images=np.stack(images),
        labels=np.array([place.label for _, place in used], np.int64),
        split=np.array([part or "Training" for part in split]),
        votes=None,
        head=head,
        name=name,
        source=root.stem,
        digest=digest.hexdigest(),
        keys=np.array(keys, object) if keys else None,
        groups=groups,
        problems=tuple(problems),
    )
    if grouping and grouping.splits:
        return _stated_splits(faces, [path for path, _ in used], grouping.splits)
    if None in split:
        return add_splits(faces, groups)
    return faces if "PublicTest" in split else add_validation_split(faces, groups)


def _face_cutter() -> Callable[[Image], Image]:
    """A function that crops a photo's largest face as in serving, without enlarging it."""
    detector, rule = load_detector(), CropRule()

    def cut(image: Image) -> Image:
        found = detector.detect(image)
        if not found:
            raise EmotionError("No face was found in it.")
        x1, y1, x2, y2 = found[0].xyxy
        side = max(round(rule.scale * math.hypot(x2 - x1, y2 - y1)), 1)
        return crop_face(image, found[0], rule, (side, side))

    return cut


def _unreadable(name: Name, error: Exception) -> Problem:
    reason = str(error) if isinstance(error, EmotionError) else "This file cannot be opened."
    return Problem(kind=kinds.PICTURE, sentence=f"{'/'.join(name)}: {reason}")


def _nothing(root: Path, problems: list[Problem], names: list[Name]) -> str:
    tables = ["/".join(name) for name in names if is_table(name[-1])]
    if tables and not problems:
        return f"{root} holds no pictures but tables ({', '.join(tables[:6])}); name one of them."
    why = f" First: {problems[0].sentence} (In all: {summary(problems)}.)" if problems else ""
    return (
        f"No pictures under {root} can be used: expected train|val|test/LABEL/* or LABEL/*, "
        f"with LABEL one of {', '.join(EMOTIONS)}.{why}"
    )


def _stated_splits(
    faces: LabelledFaces, paths: Sequence[Name], splits: Mapping[str, str]
) -> LabelledFaces:
    """The splits of a table; a picture that it does not name is left out.

    A split drawn anew would change with every picture that a better detector finds a face in, and
    move test pictures into the training split.
    """
    stated = np.array([splits.get("/".join(path), "") for path in paths])
    return replace(faces, split=stated).take(np.flatnonzero(stated != ""))


def _framed(image: Image, framing: Framing, form: FaceFormat) -> np.ndarray:
    """An RGB picture in FER2013's framing and the given format; its edge is repeated outside."""
    height, width = form.size
    rows, columns = round(height * framing.scale), round(width * framing.scale)
    small = to_input(image, (rows, columns), form.channels)
    top, left = round(height * framing.top), (width - columns) // 2
    padded = cv2.copyMakeBorder(
        small, top, height, left, width - columns - left, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded[:height])
