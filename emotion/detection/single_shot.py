"""A detector trained by this project: one network, that searches a picture and looks at its faces.

A search of the whole picture finds the faces; large ones are looked at once more (see ``look``).
Boxes are upright rectangles from the hairline to the chin, as WIDER FACE labels them. Safe to use
from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion.detection.look import MERGE_IOU, Found, largest_first, looked_again, refined, threshold
from emotion.detection.points import candidates, merged, without_parts
from emotion.detection.spec import DetectorSpec, read_detector_spec
from emotion.detection.views import tiles
from emotion.errors import ModelError
from emotion.geometry.boxes import same_faces, stacked
from emotion.models.litert import CompiledModel
from emotion.models.spec import SERVED_FILE, read_checked
from emotion.types import Detection, Floats, Image, check_image

# Below are the points of the background. The same for every min_score: what is merged into a face,
# and so its box, must not depend on which faces are wanted.
FLOOR = 0.1
CONTAINED = 0.7  # of a face that a tile shows in part
TILES_FROM = 1000  # longer side in px; beyond, a 25 px face is less than 16 px of the whole view
TILE_OVERLAP = 0.2
MAX_TILES = 12
EDGE_PX = 2.0  # nearer to a tile's inner edge a face is cut; the next tile or the whole has it

Network = Callable[[Image], Mapping[str, Floats]]
"""uint8 (1, H, W, 3) -> level's name -> float32 (1, h, w, 15)."""


class SingleShotDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once."""

    def __init__(self, spec: DetectorSpec, network: Network, *, side: int | None = None) -> None:
        """network: with the outputs that the spec tells of. side: see ``load``."""
        self.spec = spec
        self.side = side or spec.side
        if self.side < spec.multiple:
            raise ValueError(f"expected a side of at least {spec.multiple}, got {side}")
        self._network = network

    @classmethod
    def load(
        cls, folder: Path, *, side: int | None = None, num_threads: int = 1
    ) -> SingleShotDetector:
        """The detector in ``folder``; ``ModelError`` when it is missing or damaged.

        side: longest side in px of what the network sees of a picture, in place of the spec's
        (640); 320 costs a quarter and loses faces below about 30 px of a 640 px picture.
        """
        spec = read_detector_spec(folder)
        data = read_checked(folder, SERVED_FILE, spec)
        return cls(spec, CompiledModel(data, num_threads=num_threads), side=side)

    @property
    def min_score(self) -> float:
        """The score that counts as a face by default, 0..1."""
        return self.spec.min_score

    @property
    def digest(self) -> str:
        """The sha256 of the compiled network."""
        return self.spec.checksums[SERVED_FILE]

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first; empty when there is none.

        min_score: 0..1, the spec's by default; 0 gives all that was found, down to ``FLOOR``.
        A picture beyond ``TILES_FROM`` is searched in parts too, for its small faces, by up to
        ``MAX_TILES`` times the work; quick: not, and at the spec's ``quick_side``, for a frame of a
        stream. known: faces that are left out. Landmarks are left eye, right eye, nose tip, middle
        of the mouth, and the mouth's left and right corner, as seen in the image.
        """
        height, width = check_image(image).shape[:2]
        wanted = threshold(self.min_score, min_score)
        parts = [[0, 0, width, height]]
        if not quick and max(height, width) > TILES_FROM:
            parts += tiles(height, width, side=self.side, overlap=TILE_OVERLAP, limit=MAX_TILES)
        side = min(self.side, self.spec.quick_side) if quick else self.side
        found = [self._search(image, part, side) for part in parts]
        together = tuple(np.concatenate(values) for values in zip(*found, strict=True))
        boxes, points, scores = merged(*together, iou=MERGE_IOU)
        new = ~same_faces(boxes, stacked([face.whole for face in known]))
        seen = boxes[new], points[new], scores[new]
        boxes, points, scores = looked_again(self._look, image, seen)
        if len(parts) > 1:
            boxes, points, scores = without_parts(boxes, points, scores, contained=CONTAINED)
        return largest_first((boxes, points, scores), (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone.

        For following faces through a video without a search of the whole picture.
        """
        return refined(self._look, image, detections, threshold(self.min_score, min_score))

    def _search(self, image: Image, part: Sequence[int], side: int) -> Found:
        """What the network finds in the part [left, top, right, bottom], in the image's pixels."""
        left, top, right, bottom = part
        view, scale = network_input(image[top:bottom, left:right], side, self.spec.multiple)
        boxes, points, scores = self._look(view)
        offset = np.array([left, top], dtype=np.float32)
        points = np.asarray(points / scale + offset, dtype=np.float32)
        boxes = np.asarray(boxes / np.tile(scale, 2) + np.tile(offset, 2), dtype=np.float32)
        whole = _uncut(boxes, part, image.shape[1], image.shape[0])
        return boxes[whole], points[whole], scores[whole]

    def _look(self, view: Image) -> Found:
        """What the network finds in a view whose sides are multiples of the spec's."""
        outputs = self._network(view[None])
        shape = (view.shape[0], view.shape[1])
        try:
            boxes, points, scores = candidates(outputs, shape, self.spec.strides, FLOOR)
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"The detector {self.spec.name} has other outputs: {error}."
            ) from error
        return boxes, with_mouth(points), scores


def network_input(image: Image, side: int, multiple: int) -> tuple[Image, Floats]:
    """The image shrunk to ``side`` at most, black added at the right and bottom; its scale (x, y).

    Both sides of the result are multiples of ``multiple``. A smaller image is not enlarged.
    """
    height, width = image.shape[:2]
    factor = min(side / max(height, width), 1.0)
    rows, columns = max(round(height * factor), 1), max(round(width * factor), 1)
    if (rows, columns) != (height, width):
        image = np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA))
    view = image
    if rows % multiple or columns % multiple:
        shape = (-(-rows // multiple) * multiple, -(-columns // multiple) * multiple, 3)
        view = np.zeros(shape, dtype=np.uint8)
        view[:rows, :columns] = image
    scale = np.array([columns / width, rows / height], dtype=np.float32)
    return np.ascontiguousarray(view), scale


def _uncut(boxes: Floats, part: Sequence[int], width: int, height: int) -> np.ndarray:
    """Which boxes (N, 4) do not end at an edge of the part that lies inside the picture."""
    left, top, right, bottom = part
    inner = np.array([left > 0, top > 0, right < width, bottom < height])
    distance = np.abs(boxes - np.array([left, top, right, bottom], dtype=np.float32))
    beyond = np.concatenate([boxes[:, :2] < [left, top], boxes[:, 2:] > [right, bottom]], axis=1)
    return np.asarray(~((distance < EDGE_PX) | beyond)[:, inner].any(axis=1))


def with_mouth(five: Floats) -> Floats:
    """Landmarks (N, 5, 2) as (N, 6, 2): the mouth's middle in the place ``Detection`` has it."""
    middle = five[:, 3:].mean(axis=1, keepdims=True)
    return np.concatenate([five[:, :3], middle, five[:, 3:]], axis=1)
