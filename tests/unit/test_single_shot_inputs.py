"""How large a picture is shown to a single-shot network, by effort; the network finds nothing."""

from collections.abc import Mapping

import numpy as np
import pytest

from emotion.detection import Effort, SearchOptions, SingleShotDetector
from emotion.detection.base import Candidates
from emotion.detection.nms import nms_indices, weighted_nms
from emotion.detection.spec import DetectorSpec
from emotion.types import Floats, Image

SPEC = DetectorSpec(name="blind", strides=(8, 16, 32))


class Blind:
    """Notes (height, width) of its inputs."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, images: Image) -> Mapping[str, Floats]:
        height, width = images.shape[1:3]
        self.sizes.append((height, width))
        return {
            f"stride{s}": np.full((1, height // s, width // s, 15), -9, np.float32)
            for s in SPEC.strides
        }


@pytest.mark.parametrize(
    ("size", "effort", "expected"),
    [
        ((480, 640), Effort.QUICK, [(256, 320)]),
        ((480, 640), Effort.STREAM, [(480, 640)]),
        ((240, 320), Effort.STREAM, [(256, 320)]),  # nothing is enlarged
        ((480, 640), Effort.PHOTO, [(736, 960), (128, 160)]),  # then with a margin
        ((200, 300), Effort.PHOTO, [(320, 480), (128, 160)]),  # by 1.5, no more
        ((960, 1280), Effort.PHOTO, [(736, 960), (128, 160)]),
        ((3000, 4000), Effort.QUICK, [(256, 320)]),
        ((3000, 4000), Effort.PHOTO, [(480, 640), *[(672, 896)] * 4, (128, 160)]),
    ],
)
def test_inputs(size: tuple[int, int], effort: Effort, expected: list[tuple[int, int]]) -> None:
    network = Blind()
    image = np.zeros((*size, 3), np.uint8)
    detector = SingleShotDetector(SPEC, network)
    assert detector.detect(image, options=SearchOptions(effort=effort)) == ()
    assert network.sizes == expected


def test_the_candidates_of_tiles_are_suppressed_before_they_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time grows with the square of their number."""
    compared = []

    def counting(
        candidates: Candidates, *, iou: float, containment: float | None = None
    ) -> Candidates:
        compared.append(len(candidates.scores))
        return weighted_nms(candidates, iou=iou, containment=containment)

    def crowd(detector: SingleShotDetector, view: Image) -> Candidates:
        """Twenty faces, fifty candidates each."""
        starts = np.repeat(np.arange(20) * 30.0, 50)
        boxes = np.stack([starts, starts, starts + 25, starts + 25], axis=1).astype(np.float32)
        scores = np.linspace(0.9, 0.2, len(boxes)).astype(np.float32)
        return Candidates(boxes, np.zeros((len(boxes), 6, 2), np.float32), scores)

    monkeypatch.setattr("emotion.detection.single_shot.weighted_nms", counting)
    monkeypatch.setattr(SingleShotDetector, "candidates", crowd)
    SingleShotDetector(SPEC, Blind()).detect(np.zeros((3000, 4000, 3), np.uint8))
    assert compared[:-1] == [1000] * 6
    assert compared[-1] <= 6 * 20


def test_suppression_without_votes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [2, 2, 6, 6], [50, 0, 60, 10]], np.float32)
    scores = np.array([0.5, 0.9, 0.8, 0.7], np.float32)
    assert nms_indices(boxes, scores, iou=0.4, containment=0.7).tolist() == [1, 3]
    empty = nms_indices(boxes[:0], scores[:0], iou=0.4, containment=0.7)
    assert empty.tolist() == []
