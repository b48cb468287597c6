"""Detection metrics on cases that can be counted by hand; no model, no files."""

import numpy as np
import pytest

from emotion.training.detector.metrics import (
    FALSE_POSITIVE,
    IGNORED,
    DetectionMetrics,
    Detections,
    match_detections,
)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def found(rows: np.ndarray, *scores: float, landmarks: np.ndarray | None = None) -> Detections:
    return Detections(rows, np.array(scores, dtype=np.float32), landmarks)


NO = np.zeros(0, bool)
A, B = (0, 0, 20, 20), (100, 0, 140, 50)


def test_each_face_is_matched_once_by_the_best() -> None:
    rows = boxes(A, (1, 0, 21, 20), B)
    result = match_detections(found(rows, 0.5, 0.9, 0.3), boxes(A, B), np.zeros(2, bool), 0.5)
    assert result.tolist() == [FALSE_POSITIVE, 0, 1]


def test_an_ignored_face_covers_any_number_of_detections() -> None:
    rows = boxes(A, A, (5, 5, 10, 10), B)
    result = match_detections(found(rows, 0.9, 0.8, 0.7, 0.6), boxes(A), np.ones(1, bool), 0.5)
    assert result.tolist() == [IGNORED, IGNORED, IGNORED, FALSE_POSITIVE]


def test_a_large_false_one_around_a_tiny_ignored_face_is_false() -> None:
    result = match_detections(
        found(boxes(B), 0.9), boxes((110, 10, 115, 15)), np.ones(1, bool), 0.5
    )
    assert result.tolist() == [FALSE_POSITIVE]


def test_no_detections_and_no_faces() -> None:
    metrics = DetectionMetrics()
    metrics.add(found(boxes()), boxes(), NO)
    assert np.isnan(metrics.average_precision())
    metrics.add(found(boxes()), boxes(A), np.zeros(1, bool))
    assert metrics.average_precision() == 0
    assert np.isnan(metrics.landmark_error())
    assert metrics.figures()["ap"]["all"] == 0


def test_average_precision_by_hand() -> None:
    metrics = DetectionMetrics()
    metrics.add(
        found(boxes(A, (300, 0, 330, 30), B), 0.9, 0.8, 0.7), boxes(A, B), np.zeros(2, bool)
    )
    # precision 1 up to a recall of 1/2, then 2/3
    assert metrics.average_precision() == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_heights_are_measured_apart() -> None:
    metrics = DetectionMetrics()
    rows = boxes(A, B, (300, 0, 330, 22))  # the false one is 22 px high
    metrics.add(found(rows, 0.5, 0.9, 0.7), boxes(A, B), np.zeros(2, bool))
    assert metrics.average_precision(30, 60) == 1  # B, 50 px; the others are of another height
    assert metrics.average_precision(15, 30) == pytest.approx(0.5)
    assert metrics.faces(15, 30) == metrics.faces(30, 60) == 1


def test_a_face_below_15_px_is_neither_missed_nor_false() -> None:
    metrics = DetectionMetrics()
    metrics.add(found(boxes((0, 0, 9, 12), A), 0.9, 0.8), boxes((0, 0, 9, 12)), np.zeros(1, bool))
    assert metrics.faces() == 0
    assert metrics.false_rate(0.0) == 1  # A alone


def test_the_threshold_leaves_the_allowed_false_ones() -> None:
    metrics = DetectionMetrics()
    for i in range(40):
        metrics.add(found(boxes(A), 0.01 * (i + 1)), boxes(), NO)
    threshold = metrics.threshold(0.05)
    assert metrics.false_rate(threshold) == 0.05
    assert threshold == pytest.approx(0.38)
    assert metrics.threshold(1.0) == -np.inf


def test_recall_counts_above_the_threshold() -> None:
    metrics = DetectionMetrics()
    metrics.add(found(boxes(A, B), 0.75, 0.5), boxes(A, B), np.zeros(2, bool))
    assert metrics.recall(0.6) == 0.5
    assert metrics.recall(0.5) == 0.5
    assert metrics.recall(0.3) == 1
    assert metrics.recall(0.3, 60) != metrics.recall(0.3, 60)  # nan: no such face


def test_landmark_error_is_a_fraction_of_the_boxs_root_area() -> None:
    truth = np.zeros((2, 5, 2), np.float32)
    off = truth.copy()
    off[0, :3, 0] = 2.0  # of 20 px
    off[0, 3:] = 50.0  # the mouth does not count
    off[1] = 99.0  # not known
    metrics = DetectionMetrics()
    known = np.array([True, False])
    answer = found(boxes(A, B), 0.9, 0.8, landmarks=off)
    metrics.add(answer, boxes(A, B), np.zeros(2, bool), truth, known)
    assert metrics.landmark_error() == pytest.approx(0.1)
