"""Augmentation: boxes and landmarks follow the pixels; batches and their anchor points."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.detection.anchor_points import anchor_points
from emotion.geometry.affine import map_boxes, shrink_of, warp
from emotion.training.detector.assignment import MIN_FACE_STRIDES, candidate_anchors
from emotion.training.detector.batches import anchors_in_boxes, epoch_batches, make_batch
from emotion.training.detector.data import Faces, Picture, parse_faces
from emotion.training.detector.evaluate import rotate_picture
from emotion.training.detector.geometric_augmentation import (
    MIRRORED_LANDMARKS,
    GeometricConfig,
    mask_surroundings,
    random_affine,
    random_crop,
    transform_faces,
)
from emotion.training.detector.photometric_augmentation import (
    PhotometricConfig,
    augment_photometric,
)
from tests.training.detector.drawn import draw_face, landmarks_of

STRIDES = (8, 16, 32, 64)
SIDE = 128
seeds = st.integers(0, 10_000)


def picture(height: int = 120, width: int = 200, *boxes: tuple[float, ...]) -> Picture:
    """Black, with a face drawn in each box."""
    image = np.zeros((height, width, 3), np.uint8)
    rows = []
    for box in boxes:
        draw_face(image, np.array(box))
        marks = landmarks_of(np.array(box)).tolist()
        rows.append({"xyxy": box, "ignore": 0, "landmarks": marks, "landmarks_source": "manual"})
    return Picture(image, parse_faces(rows))


@given(seeds, st.floats(60, 140), st.floats(45, 75))
@settings(max_examples=60, deadline=None)
def test_a_landmark_stays_on_its_pixel(seed: int, x: float, y: float) -> None:
    rows, columns = np.mgrid[0:120, 0:200] + 0.5  # a pixel's middle
    spot = 255 * np.exp(-(np.square(columns - x) + np.square(rows - y)) / (2 * 4.0**2))
    image = np.repeat(spot.astype(np.uint8)[..., None], 3, axis=2)
    marks = np.full((5, 2), [x, y]).tolist()
    row = {"xyxy": [x - 20, y - 20, x + 20, y + 20], "ignore": 0, "landmarks": marks}
    subject = Picture(image, parse_faces([row]))
    config = GeometricConfig(turned=0.7, scales=(0.5, 1.5))
    view = random_affine(subject, SIDE, 1.0, config, np.random.default_rng(seed))
    seen = warp(image, view, (SIDE, SIDE), shrink=shrink_of(view))[..., 0].astype(np.float64)
    place = view[:, :2] @ [x, y] + view[:, 2]
    faces = transform_faces(subject.faces, view, SIDE, config)
    if not ((place > 14) & (place < SIDE - 14)).all():
        return  # the spot is cut by the edge
    np.testing.assert_allclose(faces.landmarks[0], np.tile(place, (5, 1)), atol=1e-3)
    grid_y, grid_x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    middle = [(seen * axis).sum() / seen.sum() for axis in (grid_x, grid_y)]
    np.testing.assert_allclose(middle, place, atol=0.75)


@given(st.floats(-180, 180), st.floats(0.2, 3), st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_turned_box_is_that_of_the_ellipse(degrees: float, scale: float, flip: bool) -> None:
    box = np.array([[10, 20, 50, 80]], np.float32)
    view = np.asarray(cv2.getRotationMatrix2D((30, 40), degrees, scale), dtype=np.float64)
    if flip:
        view[:, 0] *= -1
    t = np.linspace(0, 2 * np.pi, 2000)
    edge = np.stack([30 + 20 * np.cos(t), 50 + 30 * np.sin(t)], axis=1) @ view[:, :2].T + view[:, 2]
    expected = np.concatenate([edge.min(axis=0), edge.max(axis=0)])
    np.testing.assert_allclose(map_boxes(box, view)[0], expected, atol=0.01 * scale)


def test_without_a_turn_a_box_is_exact() -> None:
    boxes = np.array([[10, 20, 50, 80], [0, 0, 1, 1]], np.float32)
    view = np.array([[2.0, 0, 5], [0, 2.0, -3]])
    np.testing.assert_allclose(map_boxes(boxes, view), boxes * 2 + [5, -3, 5, -3])
    assert map_boxes(boxes[:0], view).shape == (0, 4)


def test_a_mirrored_face_swaps_left_and_right() -> None:
    subject = picture(120, 200, (50, 30, 90, 80))
    view = np.array([[-1.0, 0, 128], [0, 1.0, 0]])
    faces = transform_faces(subject.faces, view, SIDE, GeometricConfig())
    assert faces.landmarks[0, 0, 0] < faces.landmarks[0, 1, 0]
    assert faces.landmarks[0, 3, 0] < faces.landmarks[0, 4, 0]
    expected = subject.faces.landmarks[0, MIRRORED_LANDMARKS] * [-1, 1] + [128, 0]
    np.testing.assert_allclose(faces.landmarks[0], expected)


def test_what_is_cut_or_small_is_ignored_and_what_is_gone_is_gone() -> None:
    rows = [(-25, 40, 15, 90), (100, 40, 160, 90), (40, 40, 46, 48), (60, 40, 100, 90)]
    faces = parse_faces([{"xyxy": box, "ignore": 0} for box in [*rows, (300, 0, 340, 50)]])
    kept = transform_faces(faces, np.eye(2, 3), SIDE, GeometricConfig())
    assert kept.ignored.tolist() == [True, True, True, False]
    assert kept.boxes.min() >= 0
    assert kept.boxes.max() <= SIDE


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_views_have_their_form(seed: int) -> None:
    pictures = [picture(120, 200, (50, 30, 90, 80)), picture(90, 40), picture(3, 300)]
    rng = np.random.default_rng(seed)
    image, faces = random_crop(pictures, seed % 3, SIDE, GeometricConfig(mosaic=0.5), rng)
    assert image.shape == (SIDE, SIDE, 3)
    assert image.dtype == np.uint8
    assert ((faces.boxes >= 0) & (faces.boxes <= SIDE)).all()
    assert (faces.boxes[:, 2:] >= faces.boxes[:, :2]).all()
    assert faces.landmarks.shape == (len(faces), 5, 2)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_colours_leave_form_and_input_alone(seed: int) -> None:
    subject = picture(96, 96, (20, 20, 60, 70))
    before = subject.image.copy()
    config = PhotometricConfig(blur=0.5, motion=0.5, dark=0.5, noise=0.5, jpeg=0.5, cover=0.9)
    rng = np.random.default_rng(seed)
    out = augment_photometric(subject.image, subject.faces.boxes, config, rng)
    assert out.shape == before.shape
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(subject.image, before)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_a_frame_shows_one_face_and_one_colour(seed: int) -> None:
    subject = picture(SIDE, SIDE, (10, 10, 50, 60), (80, 70, 120, 120))
    image, faces = mask_surroundings(subject.image, subject.faces, np.random.default_rng(seed))
    changed = (image != subject.image).any(axis=2)
    assert changed.any()
    assert len(np.unique(image[changed], axis=0)) == 1
    (shown,) = np.flatnonzero(~faces.ignored)
    x1, y1, x2, y2 = faces.boxes[shown].astype(int)
    assert not changed[y1:y2, x1:x2].any()
    assert faces.boxes[shown, 3] - faces.boxes[shown, 1] >= 0.75 * 50


def test_nothing_is_framed_without_a_large_face() -> None:
    for subject in (picture(SIDE, SIDE), picture(SIDE, SIDE, (10, 10, 30, 40))):
        image, faces = mask_surroundings(subject.image, subject.faces, np.random.default_rng(0))
        np.testing.assert_array_equal(image, subject.image)
        assert faces is subject.faces


boxes_st = st.tuples(st.floats(0, 250), st.floats(0, 250), st.floats(8, 250), st.floats(8, 250))


@given(st.lists(boxes_st, max_size=6))
@settings(max_examples=80, deadline=None)
def test_candidates_lie_in_the_face_and_every_face_has_one(rows: list[tuple[float, ...]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)
    boxes = np.clip(boxes, 0, 320)
    found = candidate_anchors(boxes, 320, STRIDES)
    centers, steps = anchor_points(320, 320, STRIDES)
    assert found.shape == (len(boxes), 36)
    for box, row in zip(boxes, found, strict=True):
        points = row[row >= 0]
        assert len(points)
        assert len(set(points.tolist())) == len(points)
        size = np.sqrt(np.prod(box[2:] - box[:2]))
        assert ((size >= MIN_FACE_STRIDES * steps[points]) | (steps[points] == 8)).all()
        middle = (box[:2] + box[2:]) / 2
        inside = ((centers[points] > box[:2]) & (centers[points] < box[2:])).all(axis=1)
        nearest = (np.abs(centers[points] - middle) <= steps[points, None] / 2 + 1e-3).all(axis=1)
        assert (inside | nearest).all()


def test_ignored_boxes_cover_their_anchor_points() -> None:
    centers, _ = anchor_points(64, 64, (8,))
    mask = anchors_in_boxes(centers, np.array([[0, 0, 17, 9], [41, 41, 43, 43]], np.float32))
    assert np.flatnonzero(mask).tolist() == [0, 1, 5 * 8 + 5]
    assert not anchors_in_boxes(centers, np.zeros((0, 4), np.float32)).any()


def test_a_batch_indexes_anchor_points_over_all_its_pictures() -> None:
    subject = picture(64, 64, (10, 10, 40, 50))
    empty = picture(64, 64)
    batch = make_batch([(empty.image, empty.faces), (subject.image, subject.faces)], 64, STRIDES)
    count = len(anchor_points(64, 64, STRIDES)[0])
    points = batch.candidates[batch.candidates >= 0]
    assert batch.images.shape == (2, 64, 64, 3)
    assert (points >= count).all()
    assert (points < 2 * count).all()
    none = make_batch([(empty.image, empty.faces)], 64, STRIDES)
    assert none.candidates.shape == (0, 36)
    assert none.landmarks.shape == (0, 5, 2)


def test_an_epoch_depends_on_seed_and_epoch_alone() -> None:
    pictures = [picture(90, 120, (20, 20, 60, 70)), picture(90, 120)] * 3

    def first(seed: int, epoch: int) -> np.ndarray:
        batches = epoch_batches(
            pictures, GeometricConfig(), PhotometricConfig(), batch_size=4, side=64,
            strides=STRIDES, seed=seed, epoch=epoch,
        )  # fmt: skip
        return next(iter(batches)).images

    np.testing.assert_array_equal(first(1, 2), first(1, 2))
    assert (first(1, 2) != first(1, 3)).any()
    assert (first(1, 2) != first(2, 2)).any()


@pytest.mark.parametrize("degrees", [0, 15, -30, 45])
def test_a_rolled_picture_keeps_its_landmarks_on_the_face(degrees: float) -> None:
    subject = picture(480, 640, (200, 100, 300, 240))
    turned = rotate_picture(subject, degrees)
    assert max(turned.image.shape) <= 640
    for x, y in turned.faces.landmarks[0, :2]:  # the eyes are dark in a bright face
        assert turned.image[int(y), int(x)].mean() < 90
    box: Faces = turned.faces
    assert ((box.landmarks[0] > box.boxes[0, :2]) & (box.landmarks[0] < box.boxes[0, 2:])).all()
