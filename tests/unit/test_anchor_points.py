"""The single-shot decoder against a plain loop."""

import math

import numpy as np
import pytest

from emotion.detection.anchor_points import VALUES, anchor_points, decode, decode_candidates
from emotion.detection.nms import weighted_nms

STRIDES = (8, 16, 32, 64)


def outputs_of(rng: np.random.Generator, height: int, width: int) -> dict[str, np.ndarray]:
    return {
        f"stride{s}": rng.normal(0, 1, (1, -(-height // s), -(-width // s), VALUES)).astype("f4")
        for s in STRIDES
    }


@pytest.mark.parametrize("shape", [(32, 32), (96, 64), (160, 320)])
def test_candidates_equal_a_loop_over_cells(shape: tuple[int, int]) -> None:
    outputs = outputs_of(np.random.default_rng(0), *shape)
    expected: list[tuple[float, tuple[float, ...], list[tuple[float, float]]]] = []
    for stride in STRIDES:
        for row, cells in enumerate(outputs[f"stride{stride}"][0]):
            for column, v in enumerate(cells.astype(np.float64)):
                score = 1 / (1 + math.exp(-v[0]))
                if score < 0.4:
                    continue
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                cx, cy = x + v[1] * stride, y + v[2] * stride
                w, h = math.exp(v[3]) * stride, math.exp(v[4]) * stride
                marks = [(x + v[5 + 2 * i] * stride, y + v[6 + 2 * i] * stride) for i in range(5)]
                box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
                expected.append((score, box, marks))
    expected.sort(key=lambda e: -e[0])
    boxes, points, scores = decode_candidates(outputs, shape, STRIDES, 0.4)
    np.testing.assert_allclose(scores, [e[0] for e in expected], atol=1e-6)
    np.testing.assert_allclose(boxes, [e[1] for e in expected], rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(points, [e[2] for e in expected], rtol=1e-4, atol=1e-2)


def test_nothing_found() -> None:
    outputs = outputs_of(np.random.default_rng(0), 64, 64)
    boxes, points, scores = weighted_nms(
        decode_candidates(outputs, (64, 64), STRIDES, 0.9999), iou=0.5
    )
    assert (boxes.shape, points.shape, scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_far_out_sizes_stay_finite() -> None:
    centers, strides = anchor_points(32, 32, STRIDES)
    raw = np.full((len(centers), VALUES), 1e4, np.float32)
    assert np.isfinite(decode(raw, centers, strides)[0]).all()
