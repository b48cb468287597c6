"""Runs a single-shot network: YuNet, or what ``emotion train-detector`` made of it.

Boxes are upright rectangles from the hairline to the chin, as WIDER FACE labels them. Safe to use
from several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

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
from emotion.detection.nms import weighted_nms
from emotion.detection.refinement import FindCandidates, RoiRefiner
from emotion.detection.spec import DetectorSpec, read_detector_spec
from emotion.detection.tiling import (
    MARGIN_SIDE,
    Region,
    Tiling,
    detect_margin,
    detect_regions,
    from_letterbox,
    letterbox,
    map_candidates,
    warp_region,
)
from emotion.errors import ModelError
from emotion.geometry.affine import invert
from emotion.geometry.boxes import duplicates_of, stack_boxes
from emotion.geometry.pyramid import Pyramid
from emotion.models.litert import CompiledModel
from emotion.models.spec import SERVED_FILE, read_checked
from emotion.types import Detection, Floats, Image, check_image

BACKGROUND_SCORE = 0.1
"""Predictions below are background, whatever ``min_score``: which candidates vote for a face, and
so its box, must not depend on which faces are wanted."""

NMS_IOU = 0.45
CONTAINMENT = 0.7  # of a face that a tile shows in part

TILING = Tiling(side=960, above=1280, max_tiles=4, edge_px=2.0)
WHOLE_SIDE, TILE_SIDE = 640, 896
"""Longest side in pixels of the network's inputs for a photo that is cut into tiles. What is too
small at 640 px lies whole within a tile. Six inputs, with the margin's, bound the time."""

Network = Callable[[Image], Mapping[str, Floats]]
"""uint8 (1, H, W, 3) -> level's name -> float32 (1, h, w, 15)."""


class SingleShotDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once.

    Landmarks are left eye, right eye, nose tip, middle of the mouth, and the mouth's left and right
    corner, as seen in the image.

    Args:
        spec: Settings of the network.
        network: With the outputs that the spec describes.
    """

    def __init__(self, spec: DetectorSpec, network: Network) -> None:
        self.spec = spec
        self._network = network
        self._refiner = RoiRefiner(find=self.candidates, vote_iou=NMS_IOU)

    @classmethod
    def load(cls, folder: Path, *, num_threads: int = 1) -> SingleShotDetector:
        """The detector in a folder.

        Args:
            folder: With ``spec.json`` and the compiled network.
            num_threads: Of one call to the network.

        Raises:
            ModelError: When the folder's files are missing or damaged.
        """
        spec = read_detector_spec(folder)
        data = read_checked(folder, SERVED_FILE, spec)
        return cls(spec, CompiledModel(data, num_threads=num_threads))

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

        A photo is searched as it lies, never turned.
        """
        pyramid = Pyramid(check_image(image))
        wanted = resolve_min_score(self.min_score, min_score)
        found = self.propose(pyramid, options.effort)
        known = stack_boxes([face.unclipped_xyxy for face in options.known])
        found = found.select(~duplicates_of(found.boxes, known))
        return to_detections(found, pyramid.size, wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, None for those gone; see ``Detector.refine``."""
        wanted = resolve_min_score(self.min_score, min_score)
        return self._refiner.refine_detections(image, detections, wanted)

    def propose(self, pyramid: Pyramid, effort: Effort) -> Candidates:
        """Possible faces of a picture, without duplicates, best first.

        Args:
            pyramid: The picture.
            effort: A photo is also searched with a margin, a large one in tiles.
        """
        photo = effort is Effort.PHOTO
        tiled = photo and TILING.applies_to(pyramid.size)

        # The candidates of all tiles together are too many to compare each with each.
        find = self._without_duplicates if tiled else self.candidates
        propose = partial(self._propose_region, pyramid, effort, find)
        found = detect_regions(propose, pyramid.size, TILING if tiled else None)
        if photo:
            propose = partial(self._propose_margin, pyramid, find)
            found = Candidates.concatenate([found, detect_margin(propose, pyramid.size)])
        return weighted_nms(found, iou=NMS_IOU, containment=CONTAINMENT if tiled else None)

    def _propose_margin(self, pyramid: Pyramid, find: FindCandidates, region: Region) -> Candidates:
        """Candidates of a region that reaches beyond the picture, in the picture's pixels."""
        view, matrix = warp_region(pyramid, region, MARGIN_SIDE, self.spec.multiple)
        return map_candidates(find(view), invert(matrix))

    def _propose_region(
        self, pyramid: Pyramid, effort: Effort, find: FindCandidates, region: Region
    ) -> Candidates:
        """Candidates of a region, in the picture's pixels."""
        left, top, right, bottom = region
        side, enlarge = self._input_of(pyramid.size, effort, region)
        image, by_x, by_y = pyramid.level(max(right - left, bottom - top) / side)
        left, right = round(left * by_x), round(right * by_x)
        top, bottom = round(top * by_y), round(bottom * by_y)
        part = image[top:bottom, left:right]
        view, scale = letterbox(part, side, self.spec.multiple, enlarge=enlarge)
        by = np.array([by_x, by_y], np.float32)
        return from_letterbox(find(view), scale * by, (left / by_x, top / by_y))

    def _input_of(self, size: tuple[int, int], effort: Effort, region: Region) -> tuple[int, float]:
        """Longest side of the input for a region, and its largest enlargement."""
        if effort is Effort.QUICK:
            return self.spec.quick_side, 1.0
        if effort is Effort.STREAM:
            return self.spec.side, 1.0
        if not TILING.applies_to(size):
            return self.spec.photo_side, self.spec.enlarge
        whole = (region.bottom - region.top, region.right - region.left) == size
        return (WHOLE_SIDE if whole else TILE_SIDE), 1.0

    def _without_duplicates(self, view: Image) -> Candidates:
        return weighted_nms(self.candidates(view), iou=NMS_IOU)

    def candidates(self, view: Image) -> Candidates:
        """Candidate faces of one input, before any suppression.

        Args:
            view: RGB uint8 (H, W, 3), both sides multiples of the spec's.

        Returns:
            With six landmarks each, in pixels of the input, best first.

        Raises:
            ModelError: When the network's outputs are not those that the spec describes.
        """
        outputs = self._network(view[None])
        shape = (view.shape[0], view.shape[1])
        try:
            found = decode_candidates(outputs, shape, self.spec.strides, BACKGROUND_SCORE)
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"The detector {self.spec.name} has other outputs: {error}."
            ) from error
        return found._replace(landmarks=with_mouth_center(found.landmarks))
