"""Assignment and losses on made answers: needs TensorFlow, trains nothing."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.detection.anchor_points import VALUES, anchor_points
from emotion.training.detector.assignment import IOU_WEIGHT, MAX_DYNAMIC_K, assign_simota
from emotion.training.detector.batches import make_batch
from emotion.training.detector.data import parse_faces
from emotion.training.detector.losses import LossConfig, detector_loss
from emotion.training.detector.trainer import _tensors
from tests.training.detector.drawn import landmarks_of

STRIDES = (8, 16, 32, 64)
SIDE = 64
CENTERS, STEPS = anchor_points(SIDE, SIDE, STRIDES)
BOX = np.array([12.0, 10.0, 40.0, 50.0], np.float32)


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_chosen_is_simota(seed: int, faces: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    valid = rng.random((faces, width)) < 0.8
    anchors = np.stack([rng.permutation(20)[:width] for _ in range(faces)]).astype(np.int32)
    scores, ious = rng.uniform(0.01, 1, (2, faces, width)).astype(np.float32)
    cost = np.where(valid, -np.log(scores) - IOU_WEIGHT * np.log(ious), np.inf)
    expected = np.zeros_like(valid)
    for i in range(faces):
        best = np.sort(np.where(valid, ious, 0)[i])[::-1][:MAX_DYNAMIC_K]
        take = max(int(best.sum()), 1)
        for j in np.argsort(cost[i])[:take]:
            expected[i, j] = valid[i, j]
    for point in range(20):
        rivals = [tuple(at) for at in np.argwhere(expected & (anchors == point))]
        for at in sorted(rivals, key=lambda at: cost[at])[1:]:
            expected[at] = False
    got = assign_simota(
        tf.constant(valid), tf.constant(anchors), tf.constant(scores), tf.constant(ious), 20
    ).numpy()
    np.testing.assert_array_equal(got, expected)


def made_batch() -> tuple[object, np.ndarray]:
    """A batch of one picture with one face and one ignored, and the answer that is right."""
    rows = [
        {"xyxy": BOX.tolist(), "landmarks": landmarks_of(BOX).tolist(), "ignore": 0},
        {"xyxy": [48, 48, 64, 64], "ignore": 1},
    ]
    blank = np.zeros((SIDE, SIDE, 3), np.uint8)
    batch = make_batch([(blank, parse_faces(rows))], SIDE, STRIDES)
    raw = np.zeros((1, len(CENTERS), VALUES), np.float32)
    raw[0, :, 0] = -12
    raw[0, :, 1:3] = ((BOX[:2] + BOX[2:]) / 2 - CENTERS) / STEPS[:, None]
    raw[0, :, 3:5] = np.log((BOX[2:] - BOX[:2]) / STEPS[:, None])
    marks = (landmarks_of(BOX)[None] - CENTERS[:, None]) / STEPS[:, None, None]
    raw[0, :, 5:] = marks.reshape(len(CENTERS), -1)
    return _tensors(batch)[1], raw


def losses(faces: object, raw: np.ndarray) -> np.ndarray:
    anchors = (tf.constant(CENTERS), tf.constant(STEPS))
    return np.asarray(detector_loss(tf.constant(raw), faces, anchors, LossConfig()))  # type: ignore[arg-type]


def test_the_right_answer_costs_nothing() -> None:
    faces, raw = made_batch()
    anchors = np.asarray(faces.candidates)[0]  # type: ignore[attr-defined]
    raw[0, anchors[anchors >= 0], 0] = 12
    total, score, box, landmarks = losses(faces, raw)
    assert box < 1e-5
    assert landmarks < 1e-5
    worse = raw.copy()
    worse[..., 1:5] += 0.3
    worse[..., 5:] += 0.3
    assert (losses(faces, worse)[2:] > 0.05).all()
    assert np.isfinite(total)
    assert np.isfinite(score)


def test_the_score_target_is_the_iou_times_the_confidence() -> None:
    faces, raw = made_batch()
    anchors = np.asarray(faces.candidates)[0]  # type: ignore[attr-defined]
    positives = anchors[anchors >= 0][:8]  # as many as the sum of the IoUs
    unsure = faces._replace(confidence=tf.constant([0.75]))  # type: ignore[attr-defined]

    def score_loss(targets: object, score: float) -> float:
        raw[0, positives, 0] = np.log(score / (1 - score))
        return float(losses(targets, raw)[1])

    assert score_loss(unsure, 0.75) < score_loss(unsure, 0.65)
    assert score_loss(unsure, 0.75) < score_loss(unsure, 0.85)
    assert score_loss(faces, 0.95) < score_loss(faces, 0.85)  # a label's confidence is 1
    np.testing.assert_array_equal(losses(unsure, raw)[2:], losses(faces, raw)[2:])


def test_an_ignored_anchor_point_has_no_score_loss() -> None:
    faces, raw = made_batch()
    before = losses(faces, raw)
    raw[0, np.asarray(faces.ignored)[0], 0] = 9  # type: ignore[attr-defined]
    np.testing.assert_allclose(losses(faces, raw), before, rtol=1e-5)
    raw[0, 0, 0] = 9  # the corner, plain background
    assert losses(faces, raw)[1] > before[1] + 0.5


def test_a_batch_without_faces_has_a_finite_loss_and_gradient() -> None:
    blank = np.zeros((SIDE, SIDE, 3), np.uint8)
    faces = _tensors(make_batch([(blank, parse_faces([]))], SIDE, STRIDES))[1]
    raw = tf.Variable(np.random.default_rng(0).normal(0, 1, (1, len(CENTERS), VALUES)).astype("f4"))
    with tf.GradientTape() as tape:
        anchors = (tf.constant(CENTERS), tf.constant(STEPS))
        total = detector_loss(raw, faces, anchors, LossConfig())[0]
    assert np.isfinite(total)
    assert np.isfinite(tape.gradient(total, raw)).all()


def test_a_new_networks_gradients_are_finite_for_far_out_answers() -> None:
    faces, raw = made_batch()
    value = tf.Variable(raw * 0 + 30)
    with tf.GradientTape() as tape:
        anchors = (tf.constant(CENTERS), tf.constant(STEPS))
        total = detector_loss(value, faces, anchors, LossConfig())[0]  # type: ignore[arg-type]
    assert np.isfinite(tape.gradient(total, value)).all()
