"""Decoding, box voting, views of a picture and tiles; no model, no files."""

from itertools import pairwise

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.detection import decoding
from emotion.detection.base import Candidate, Candidates
from emotion.detection.blazeface import anchors
from emotion.detection.blazeface.cascade import REFINED_MIN_SCORE, REFINED_VOTE_IOU
from emotion.detection.nms import weighted_nms
from emotion.detection.refinement import RoiRefiner, central_candidate, roi_matrix
from emotion.detection.tiling import Region, Tiling, tiles
from emotion.geometry.affine import Affine, invert, map_boxes, map_points
from emotion.geometry.boxes import clip_boxes, overlaps
from emotion.geometry.pyramid import Pyramid
from emotion.types import Floats

Layers = tuple[tuple[int, int], ...]
Faces = list[tuple[float, float, float, float]]

SHORT_LAYERS = ((8, 2), (16, 6))
BACK_LAYERS = ((16, 2), (32, 6))
EMPTY_BOXES = np.zeros((0, 4), np.float32)
EMPTY_POINTS = np.zeros((0, 6, 2), np.float32)
EMPTY_SCORES = np.zeros(0, np.float32)

coordinates = st.floats(-2000, 2000, width=32)
box_arrays = hnp.arrays(np.float32, st.tuples(st.integers(0, 12), st.just(4)), elements=coordinates)


def encode(boxes: np.ndarray, points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """What the network would have to answer for these boxes; the formula written the other way."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 - centers
    offsets = (points - centers[:, None]).reshape(len(boxes), -1)
    return np.concatenate([middle, boxes[:, 2:] - boxes[:, :2], offsets], axis=1)


def squares(*rows: tuple[float, float, float]) -> np.ndarray:
    """Boxes from (centre x, centre y, side)."""
    return np.array([(x - s / 2, y - s / 2, x + s / 2, y + s / 2) for x, y, s in rows], np.float32)


# Anchors


@pytest.mark.parametrize(("size", "layers"), [(128, SHORT_LAYERS), (256, BACK_LAYERS)])
def test_both_models_have_896_anchors(size: int, layers: Layers) -> None:
    assert decoding.anchor_centers(size, size, layers).shape == (896, 2)


def test_anchors_lie_in_the_middle_of_cells_row_by_row() -> None:
    centers = decoding.anchor_centers(128, 128, SHORT_LAYERS)
    assert centers[:5].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4], [20, 4]]
    assert centers[32].tolist() == [4, 12]  # 16 cells of two anchors, then the second row
    assert centers[511].tolist() == [124, 124]
    assert centers[512:519].tolist() == [[8, 8]] * 6 + [[24, 8]]
    assert centers[895].tolist() == [120, 120]


def test_anchors_of_a_wide_input() -> None:
    centers = decoding.anchor_centers(192, 256, BACK_LAYERS)
    assert len(centers) == 12 * 16 * 2 + 6 * 8 * 6
    assert centers.max(axis=0).tolist() == [248, 184]


# Decoding


def test_decode_undoes_encode() -> None:
    rng = np.random.default_rng(3)
    centers = decoding.anchor_centers(128, 128, SHORT_LAYERS)
    middle = rng.uniform(0, 128, (896, 2))
    half = rng.uniform(1, 60, (896, 2))
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    points = rng.uniform(-20, 150, (896, 6, 2))
    decoded = anchors.decode(encode(boxes, points, centers).astype(np.float32), centers)
    np.testing.assert_allclose(decoded[0], boxes, atol=1e-3)
    np.testing.assert_allclose(decoded[1], points, atol=1e-3)


def test_decode_by_hand() -> None:
    raw = np.array([[10, -4, 20, 30, *range(12)]], np.float32)
    boxes, points = anchors.decode(raw, np.array([[4, 12]], np.float32))
    assert boxes.tolist() == [[4, -7, 24, 23]]
    assert points[0, 0].tolist() == [4, 13]
    assert points[0, 5].tolist() == [14, 23]


def test_decode_of_nothing() -> None:
    boxes, points = anchors.decode(np.zeros((0, 16), np.float32), np.zeros((0, 2), np.float32))
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 6, 2)


@pytest.mark.filterwarnings("error")
def test_sigmoid_of_far_logits_is_quiet() -> None:
    far = decoding.sigmoid(np.array([-1e4, -2, 0, 2, 1e4], np.float32))
    np.testing.assert_allclose(far, [0, 0.1192, 0.5, 0.8808, 1], atol=1e-4)
    assert far.dtype == np.float32


@pytest.mark.filterwarnings("error")
def test_logit_is_the_inverse_of_sigmoid() -> None:
    assert decoding.sigmoid(np.array([decoding.logit(0.3)], np.float32)) == pytest.approx(0.3)
    assert decoding.logit(0.0) == -np.inf


# Overlaps and suppression


@pytest.mark.parametrize(
    ("first", "second", "iou", "inside"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1, 1),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3, 1 / 2),
        ((0, 0, 4, 4), (1, 1, 2, 2), 1 / 16, 1),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0, 0),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0, 0),
    ],
)
def test_overlaps(
    first: tuple[int, ...], second: tuple[int, ...], iou: float, inside: float
) -> None:
    values = overlaps(np.array(first, np.float32), np.array([second], np.float32))
    assert [float(v[0]) for v in values] == pytest.approx([iou, inside])


def test_nms_of_nothing() -> None:
    boxes, points, scores = weighted_nms(
        Candidates(EMPTY_BOXES, EMPTY_POINTS, EMPTY_SCORES), iou=0.3
    )
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 6, 2)
    assert scores.shape == (0,)


def test_nms_averages_a_group_by_score() -> None:
    boxes = squares((50, 50, 40), (54, 50, 40), (200, 200, 30))
    points = np.stack([np.full((6, 2), v, np.float32) for v in (0, 8, 5)])
    merged = weighted_nms(
        Candidates(boxes, points, np.array([0.9, 0.3, 0.95], np.float32)), iou=0.3
    )
    np.testing.assert_allclose(merged[0], squares((200, 200, 30), (51, 50, 40)), rtol=1e-5)
    np.testing.assert_allclose(merged[1][:, 0, 0], [5, 2], rtol=1e-5)
    np.testing.assert_allclose(merged[2], [0.95, 0.9])


def test_nms_keeps_neighbours_apart() -> None:
    boxes = squares((50, 50, 40), (80, 50, 40))  # IoU 1/7
    scores = np.array([0.9, 0.8], np.float32)
    kept = weighted_nms(Candidates(boxes, np.zeros((2, 6, 2), np.float32), scores), iou=0.3)
    np.testing.assert_allclose(kept[0], boxes)


def test_nms_drops_a_part_of_a_face_without_moving_the_face() -> None:
    boxes = squares((50, 50, 40), (52, 60, 14))
    points = np.zeros((2, 6, 2), np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    given = Candidates(boxes, points, scores)
    assert len(weighted_nms(given, iou=0.3)[0]) == 2
    kept = weighted_nms(given, iou=0.3, containment=0.7)
    np.testing.assert_allclose(kept[0], boxes[:1])


@given(box_arrays, st.data())
def test_nms_gives_fewer_boxes_sorted_and_within_the_given_ones(
    corners: Floats, data: st.DataObject
) -> None:
    boxes = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], 1
    )
    scores = data.draw(hnp.arrays(np.float32, len(boxes), elements=st.floats(0.0625, 1, width=32)))
    points = np.repeat(boxes[:, None, :2], 6, axis=1)
    merged, _, kept = weighted_nms(Candidates(boxes, points, scores), iou=0.3)
    assert len(merged) <= len(boxes)
    assert (len(merged) > 0) == (len(boxes) > 0)
    assert (np.diff(kept) <= 0).all()
    if len(boxes):
        assert (merged >= boxes.min(axis=0) - 0.01).all()
        assert (merged <= boxes.max(axis=0) + 0.01).all()


@given(box_arrays, st.integers(1, 1500), st.integers(1, 1500))
def test_clipping_stays_inside_and_is_idempotent(boxes: Floats, height: int, width: int) -> None:
    once = clip_boxes(boxes, height, width)
    assert once.dtype == np.float32
    assert (once >= 0).all()
    assert (once[:, [0, 2]] <= width).all()
    assert (once[:, [1, 3]] <= height).all()
    np.testing.assert_array_equal(clip_boxes(once, height, width), once)


@given(st.integers(1, 900), st.integers(1, 900))
def test_clipping_leaves_an_inner_box_alone(height: int, width: int) -> None:
    inner = np.array([[0, 0, width, height], [width / 4, 0, width / 2, height / 3]], np.float32)
    np.testing.assert_array_equal(clip_boxes(inner, height, width), inner)


# The choice of a refinement


ZOOM = RoiRefiner.zoom


def chosen(faces: Faces) -> Candidate | None:
    """What is taken of a 128 px crop with faces (centre x, centre y, side, score)."""
    found = squares(*(face[:3] for face in faces)) if faces else EMPTY_BOXES
    points = np.tile(found[:, None, :2], (1, 6, 1))
    scores = np.array([score for *_, score in faces], np.float32)
    seen = Candidates(found, points, scores).select(scores > REFINED_MIN_SCORE)
    return central_candidate(seen, 128, ZOOM, REFINED_VOTE_IOU)


def test_the_middle_face_is_chosen_over_a_better_neighbour() -> None:
    face = chosen([(66, 62, 50, 0.7), (115, 64, 50, 0.99)])
    assert face is not None
    np.testing.assert_allclose(face.box, squares((66, 62, 50))[0], atol=1e-3)
    assert face.score == pytest.approx(0.7)


def test_anchors_that_agree_are_averaged() -> None:
    face = chosen([(60, 64, 50, 0.8), (68, 64, 50, 0.8)])
    assert face is not None
    np.testing.assert_allclose(face.box, squares((64, 64, 50))[0], atol=1e-3)


@pytest.mark.parametrize("faces", [[], [(64, 64, 50, 0.01)], [(64 + 128 / ZOOM, 64, 50, 0.9)]])
def test_no_face_in_the_middle(faces: Faces) -> None:
    assert chosen(faces) is None


# Views


@given(
    st.floats(-300, 900),
    st.floats(-300, 900),
    st.floats(8, 700),
    st.floats(-3.1, 3.1),
)
def test_a_face_returns_from_its_view(x: float, y: float, side: float, angle: float) -> None:
    box = squares((x, y, side))[0]
    eyes = np.array([[0, 0], [np.cos(angle), np.sin(angle)]]) * side / 2 + [x, y]
    view = roi_matrix(box, eyes.astype(np.float32), 128, 2.0)
    in_view = eyes @ view[:, :2].T + view[:, 2]
    assert in_view[0, 1] == pytest.approx(in_view[1, 1], abs=0.01)  # level
    assert in_view[0, 0] < in_view[1, 0]
    back = map_boxes(squares((64, 64, 64)), invert(view))
    points = map_points(in_view.astype(np.float32), invert(view))
    np.testing.assert_allclose(back[0], box, atol=0.02)
    np.testing.assert_allclose(points, eyes, atol=0.02)


def test_a_view_without_points_is_not_turned() -> None:
    view = roi_matrix(squares((100, 80, 40))[0], None, 128, 2.0)
    np.testing.assert_allclose(view, [[1.6, 0, 64 - 160], [0, 1.6, 64 - 128]])


def scan_matrix(left: float, top: float, scale: float) -> Affine:
    """The map to a view whose first pixel lies at (left, top), ``scale`` times the image's size."""
    return np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])


def test_a_view_samples_pixels_where_the_boxes_say() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 30:40] = 200
    seen = Pyramid(image).warp(scan_matrix(30, 10, 2.0), (20, 20))
    # Bilinear enlargement blends the outermost half pixel with the black around.
    assert (seen[1:-1, 1:-1] == 200).all()
    shrunk = Pyramid(image).warp(scan_matrix(0, 0, 0.1), (4, 6))
    assert shrunk[1, 3, 0] > 100
    assert shrunk[3, 0, 0] == 0


def test_shrinking_averages_fine_stripes() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 200
    seen = Pyramid(image).warp(scan_matrix(0, 0, 1 / 8), (8, 8))
    np.testing.assert_allclose(seen[1:-1, 1:-1].astype(int), 100, atol=1)


def test_a_view_beyond_the_picture_is_black() -> None:
    image = np.full((30, 30, 3), 255, np.uint8)
    assert not Pyramid(image).warp(scan_matrix(500, -400, 1.0), (16, 16)).any()
    assert not Pyramid(image).warp(scan_matrix(-500, 400, 1.0), (16, 16)).any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4000), (4000, 1), (2, 3), (31, 33)])
def test_odd_and_tiny_pictures_shrink_to_the_end(height: int, width: int) -> None:
    image = np.full((height, width, 3), 255, np.uint8)
    scale = 1 / max(height, width)
    assert Pyramid(image).warp(scan_matrix(0, 0, scale), (32, 32)).shape == (32, 32, 3)
    level, scale_x, scale_y = Pyramid(image).level(1 / scale)
    assert max(level.shape[:2]) == 1
    assert 1 <= width * scale_x < 2
    assert 1 <= height * scale_y < 2


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tiles_cover_the_picture_and_stay_inside(height: int, width: int) -> None:
    parts = np.array(tiles(height, width, Tiling(side=640)))
    assert 1 <= len(parts) <= 12
    assert parts.min() >= 0
    assert (parts[:, 2] <= width).all()
    assert (parts[:, 3] <= height).all()
    assert len({(x2 - x1, y2 - y1) for x1, y1, x2, y2 in parts.tolist()}) == 1
    for low, high, length in ((0, 2, width), (1, 3, height)):
        spans = sorted({(int(p[low]), int(p[high])) for p in parts})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        for (start, end), (following, _) in pairwise(spans):
            assert end - following >= 0.2 * (end - start) - 1  # they share a fifth


def test_a_small_picture_is_one_tile() -> None:
    assert tiles(480, 640, Tiling(side=640)) == [Region(0, 0, 640, 480)]
