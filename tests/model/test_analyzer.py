"""The shared module with the real detector and the real model, on real photographs."""

import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

import emotion
from emotion.expression.classifier import Classifier
from emotion.models.spec import SERVED_FILE, model_folder, read_checked, read_spec


@pytest.fixture(scope="module")
def analyzer() -> emotion.Analyzer:
    return emotion.load_analyzer()


def test_the_default_model_is_whole() -> None:
    folder = model_folder()
    spec = read_spec(folder)
    assert len(read_checked(folder, SERVED_FILE, spec)) > 100_000
    assert len(read_checked(folder, "model.keras", spec)) > 100_000


def test_a_smile_is_happy(analyzer: emotion.Analyzer, astronaut: np.ndarray) -> None:
    faces = analyzer.analyze(astronaut)
    assert len(faces) == 1
    face = faces[0]
    assert face.label == "happy"
    assert face.probabilities.max() > 0.5
    assert face.probabilities.shape == (7,)
    assert face.probabilities.dtype == np.float32
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    x1, y1, x2, y2 = face.xyxy
    assert x1 < 225 < x2
    assert y1 < 110 < y2
    assert 0 <= face.score <= 1
    assert face.landmarks is not None
    assert face.landmarks.shape[1] == 2


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_roll_does_not_change_the_answer(
    analyzer: emotion.Analyzer, astronaut: np.ndarray, degrees: int
) -> None:
    turn = cv2.getRotationMatrix2D((224, 110), degrees, 1.0)
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    assert analyzer.analyze(np.asarray(turned, np.uint8))[0].label == "happy"


@pytest.mark.parametrize("factor", [0.35, 0.6, 2.5])
def test_size_does_not_change_the_answer(
    analyzer: emotion.Analyzer, astronaut: np.ndarray, factor: float
) -> None:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=way)
    face = analyzer.analyze(np.asarray(scaled, np.uint8))[0]
    assert face.label == "happy"
    original = analyzer.analyze(astronaut)[0]
    np.testing.assert_allclose(face.xyxy / factor, original.xyxy, atol=12)


def test_several_faces_are_classified_as_each_alone(
    analyzer: emotion.Analyzer, astronaut: np.ndarray
) -> None:
    pair = np.concatenate([astronaut, astronaut[::-1, ::-1][::-1]], axis=1)  # the second mirrored
    faces = analyzer.analyze(pair)
    assert len(faces) == 2
    assert [f.area for f in faces] == sorted((f.area for f in faces), reverse=True)
    alone = analyzer.faces(pair, faces[1:])[0]
    np.testing.assert_allclose(alone.probabilities, faces[1].probabilities, atol=1e-4)


def test_no_face_is_an_empty_result(analyzer: emotion.Analyzer) -> None:
    assert len(analyzer.analyze(np.full((120, 160, 3), 128, np.uint8))) == 0
    assert len(analyzer.analyze(np.zeros((1, 1, 3), np.uint8))) == 0


def test_crops_of_any_size_in_one_batch_equal_one_by_one(analyzer: emotion.Analyzer) -> None:
    rng = np.random.default_rng(0)
    shapes = [(48, 48), (48, 48, 3), (20, 31), (300, 200, 3), (1, 1)]
    crops = [rng.integers(0, 256, shape, np.uint8) for shape in shapes]
    rows = analyzer.classify(crops)
    assert rows.shape == (5, 7)
    assert rows.dtype == np.float32
    for crop, row in zip(crops, rows, strict=True):
        np.testing.assert_allclose(analyzer.classify([crop])[0], row, atol=1e-4)


def test_no_crops_give_no_rows(analyzer: emotion.Analyzer) -> None:
    rows = analyzer.classify([])
    assert rows.shape == (0, 7)
    assert rows.dtype == np.float32


def test_more_crops_than_a_batch(analyzer: emotion.Analyzer) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    rows = analyzer.classify([crop] * 150)
    assert rows.shape == (150, 7)
    np.testing.assert_allclose(rows, np.broadcast_to(rows[0], rows.shape), atol=1e-4)


def test_both_heads_answer_in_our_order(astronaut: np.ndarray) -> None:
    for head in ("fer2013", "ferplus"):
        face = emotion.load_analyzer(head=head).analyze(astronaut)[0]
        assert face.label == "happy"


def test_an_unknown_head_or_model_says_so() -> None:
    with pytest.raises(ValueError, match="expected head to be one of fer2013, ferplus"):
        emotion.load_analyzer(head="other")
    with pytest.raises(emotion.EmotionError, match="no model 'other'"):
        emotion.load_analyzer("other")


def test_a_damaged_model_says_so(tmp_path: Path) -> None:
    source = model_folder()
    for name in ("spec.json", SERVED_FILE):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    (tmp_path / SERVED_FILE).write_bytes((source / SERVED_FILE).read_bytes()[:-1])
    with pytest.raises(emotion.EmotionError, match="damaged"):
        Classifier(tmp_path)


def test_wrong_arrays_are_refused(analyzer: emotion.Analyzer) -> None:
    with pytest.raises(ValueError, match="expected an RGB image"):
        analyzer.analyze(np.zeros((10, 10), np.uint8))
    with pytest.raises(ValueError, match="expected a uint8 crop"):
        analyzer.classify([np.zeros((10, 10))])  # type: ignore[list-item]


@pytest.mark.parametrize("shape", [(127, 90, 3), (127, 90), (127, 90, 1)])
def test_one_crop_in_place_of_a_sequence_is_refused(
    analyzer: emotion.Analyzer, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"a sequence of crops, got one array.*give \[crop\]"):
        analyzer.classify(np.zeros(shape, np.uint8))  # type: ignore[arg-type]


def test_a_stack_of_crops_is_a_sequence(analyzer: emotion.Analyzer) -> None:
    rng = np.random.default_rng(0)
    for shape in ((3, 48, 48), (3, 40, 30, 3)):
        crops = rng.integers(0, 256, shape, np.uint8)
        np.testing.assert_array_equal(
            analyzer.classify(crops),  # type: ignore[arg-type]
            analyzer.classify(list(crops)),
        )


def test_an_analyzer_works_in_a_pool_of_processes(
    analyzer: emotion.Analyzer, astronaut: np.ndarray
) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        (face,) = pool.submit(analyzer.analyze, astronaut).result()
    assert face.label == "happy"


def test_threads_get_what_one_alone_gets(analyzer: emotion.Analyzer, astronaut: np.ndarray) -> None:
    expected = analyzer.analyze(astronaut)[0]
    found: list[emotion.Face] = []

    def work() -> None:
        for _ in range(5):
            found.extend(analyzer.analyze(astronaut))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    for face in found:
        np.testing.assert_allclose(face.probabilities, expected.probabilities, atol=1e-5)
        np.testing.assert_allclose(face.xyxy, expected.xyxy, atol=1e-3)


@pytest.mark.parametrize("detector", ["blazeface", "yunet", "hybrid"])
def test_an_analyzer_can_be_pickled(detector: str, astronaut: np.ndarray) -> None:
    analyzer = emotion.load_analyzer(detector=detector)
    expected = analyzer.analyze(astronaut)
    again = pickle.loads(pickle.dumps(analyzer)).analyze(astronaut)
    assert len(again) == len(expected) == 1
    np.testing.assert_array_equal(again[0].xyxy, expected[0].xyxy)
    np.testing.assert_array_equal(again[0].probabilities, expected[0].probabilities)
