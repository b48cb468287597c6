"""Our average precision against that of pycocotools, the reference implementation of COCO's."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from emotion.training.detector.metrics import MATCH_IOU, MIN_FACE_PX, DetectionMetrics, Detections

RECALLS = np.linspace(0, 1, 101)  # at which COCO reads the precision
SIDE = 640


def random_picture(
    rng: np.random.Generator,
) -> tuple[Detections, np.ndarray, np.ndarray]:
    """Faces of 5 to 200 px, detections near most of them and some anywhere."""
    count = int(rng.integers(0, 12))
    corner = rng.uniform(0, SIDE, (count, 2))
    size = np.exp(rng.uniform(np.log(5), np.log(200), (count, 1))) * [1, 1.25]
    labels = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    ignored = rng.random(count) < 0.2
    near = labels[rng.random(count) < 0.8]
    near = np.concatenate([near, near[rng.random(len(near)) < 0.3]])
    near = near + rng.normal(0, 0.12, near.shape) * (near[:, 2:] - near[:, :2]).mean(1)[:, None]
    stray = rng.uniform(0, SIDE, (int(rng.integers(0, 5)), 2))
    boxes = np.concatenate([near, np.concatenate([stray, stray + 40], axis=1)]).astype(np.float32)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    return Detections(boxes, rng.random(len(boxes)).astype(np.float32)), labels, ignored


def xywh(box: np.ndarray) -> list[float]:
    x1, y1, x2, y2 = (float(v) for v in box)
    return [x1, y1, x2 - x1, y2 - y1]


def reference(pictures: list[tuple[Detections, np.ndarray, np.ndarray]]) -> np.ndarray:
    """COCO's precision at its 101 recalls, at our IoU; ignored faces are crowds."""
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for number, (found, labels, ignored) in enumerate(pictures, start=1):
        small = labels[:, 3] - labels[:, 1] < MIN_FACE_PX
        for box, ignore in zip(labels, ignored | small, strict=True):
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1,
                "bbox": xywh(box), "area": xywh(box)[3], "iscrowd": int(ignore),
            })  # fmt: skip
        for box, score in zip(found.boxes, found.scores, strict=True):
            results.append({
                "image_id": number, "category_id": 1, "bbox": xywh(box), "score": float(score),
            })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": number + 1} for number in range(len(pictures))],
            "annotations": annotations,
            "categories": [{"id": 1}],
            "info": {},
        }
        truth.createIndex()
        detections = truth.loadRes(results)
        for each in detections.anns.values():
            each["area"] = each["bbox"][3]  # our ranges are of heights
        evaluation = COCOeval(truth, detections, "bbox")
        evaluation.params.iouThrs = np.array([MATCH_IOU])
        evaluation.params.areaRng = [[MIN_FACE_PX, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [1000]
        evaluation.evaluate()
        evaluation.accumulate()
    return np.asarray(evaluation.eval["precision"][0, :, 0, 0, 0])


@pytest.mark.parametrize("seed", range(6))
def test_the_curve_is_cocos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures = [random_picture(rng) for _ in range(30)]
    metrics = DetectionMetrics()
    for found, labels, ignored in pictures:
        metrics.add(found, labels, ignored)
    recall, precision = metrics.curve()
    best = np.maximum.accumulate(precision[::-1])[::-1]
    index = np.searchsorted(recall, RECALLS, side="left")
    ours = np.where(index < len(recall), best[np.minimum(index, len(best) - 1)], 0)
    expected = reference(pictures)
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    # Ours is the area under the curve itself, theirs the mean of its 101 readings.
    assert metrics.average_precision() == pytest.approx(expected.mean(), abs=0.006)
    assert 0.2 < metrics.average_precision() < 0.95
