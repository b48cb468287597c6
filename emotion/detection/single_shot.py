"""A detector trained by this project: one network for full-frame detection and ROI refinement.

Boxes are upright rectangles from the hairline to the chin, as WIDER FACE labels them. Safe to use
from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from emotion.detection.anchor_points import decode_candidates
from emotion.detection.base import (
    THOROUGH,
    Candidates,
    Effort,
    SearchOptions,
    resolve_min_score,
    to_detections,
    with_mouth_center,
)
from emotion.detection.nms import suppress_contained, weighted_nms
from emotion.detection.refinement import RoiRefiner
from emotion.detection.spec import DetectorSpec, read_detector_spec
from emotion.detection.tiling import Region, Tiling, detect_regions, from_letterbox, letterbox
from emotion.errors import ModelError
from emotion.geometry.boxes import duplicates_of, stack_boxes
from emotion.models.litert import CompiledModel
from emotion.models.spec import SERVED_FILE, read_checked
from emotion.types import Detection, Floats, Image, check_image

BACKGROUND_SCORE = 0.1
"""Predictions below are background, whatever ``min_score``: which candidates vote for a face, and
so its box, must not depend on which faces are wanted."""

NMS_IOU = 0.45
CONTAINMENT = 0.7  # of a face that a tile shows in part
EDGE_PX = 2.0

Network = Callable[[Image], Mapping[str, Floats]]
"""uint8 (1, H, W, 3) -> level's name -> float32 (1, h, w, 15)."""


class SingleShotDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once.

    Landmarks are left eye, right eye, nose tip, middle of the mouth, and the mouth's left and right
    corner, as seen in the image.

    Args:
        spec: Settings of the network.
        network: With the outputs that the spec describes.
        side: See ``load``.
    """

    def __init__(self, spec: DetectorSpec, network: Network, *, side: int | None = None) -> None:
        self.spec = spec
        self.side = side or spec.side
        if self.side < spec.multiple:
            raise ValueError(f"expected a side of at least {spec.multiple}, got {side}")
        self._network = network
        self._refiner = RoiRefiner(find=self._find, vote_iou=NMS_IOU)
        self._tiling = Tiling(side=self.side, edge_px=EDGE_PX)

    @classmethod
    def load(
        cls, folder: Path, *, side: int | None = None, num_threads: int = 1
    ) -> SingleShotDetector:
        """The detector in a folder.

        Args:
            folder: With ``spec.json`` and the compiled network.
            side: Longest side in px of what the network sees of a picture, in place of the spec's
                (640); 320 costs a quarter and loses faces below about 30 px of a 640 px picture.
            num_threads: Of one call to the network.

        Raises:
            ModelError: When the folder's files are missing or damaged.
        """
        spec = read_detector_spec(folder)
        data = read_checked(folder, SERVED_FILE, spec)
        return cls(spec, CompiledModel(data, num_threads=num_threads), side=side)

    @property
    def min_score(self) -> float:
        """The score, 0..1, that counts as a face by default."""
        return self.spec.min_score

    @property
    def digest(self) -> str:
        """The sha256 of the compiled network."""
        return self.spec.checksums[SERVED_FILE]

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """The faces of an image, largest first; see ``Detector.detect``.

        A large photo is also searched in tiles. With ``Effort.QUICK`` the picture is shrunk to the
        spec's ``quick_side``. Large faces get ROI refinement.
        """
        height, width = check_image(image).shape[:2]
        wanted = resolve_min_score(self.min_score, min_score)
        quick = options.effort is Effort.QUICK
        side = min(self.side, self.spec.quick_side) if quick else self.side
        tiled = options.effort is Effort.PHOTO and self._tiling.applies_to((height, width))
        tiling = self._tiling if tiled else None
        found = detect_regions(partial(self._detect_region, image, side), (height, width), tiling)
        found = weighted_nms(found, iou=NMS_IOU)
        known = stack_boxes([face.unclipped_xyxy for face in options.known])
        found = found.select(~duplicates_of(found.boxes, known))
        found = self._refiner.refine_largest(image, found)
        if tiled:
            found = suppress_contained(found, containment=CONTAINMENT)
        return to_detections(found, (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, None for those gone; see ``Detector.refine``."""
        wanted = resolve_min_score(self.min_score, min_score)
        return self._refiner.refine_detections(image, detections, wanted)

    def _detect_region(self, image: Image, side: int, region: Region) -> Candidates:
        """Candidates of a region, in the image's pixels."""
        left, top, right, bottom = region
        view, scale = letterbox(image[top:bottom, left:right], side, self.spec.multiple)
        return from_letterbox(self._find(view), scale, (left, top))

    def _find(self, view: Image) -> Candidates:
        """Candidates of a view whose sides are multiples of the spec's."""
        outputs = self._network(view[None])
        shape = (view.shape[0], view.shape[1])
        try:
            found = decode_candidates(outputs, shape, self.spec.strides, BACKGROUND_SCORE)
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"The detector {self.spec.name} has other outputs: {error}."
            ) from error
        return found._replace(landmarks=with_mouth_center(found.landmarks))
