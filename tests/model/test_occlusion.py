"""With the real models: what an occlusion map names does decide the answer."""

import cv2
import numpy as np
import pytest

import emotion
from emotion.expression.occlusion import GRID, enlarge
from emotion.samples import SAMPLES
from emotion.types import EMOTIONS, Face, Image

MODELS = ["mobilenet_v1", "se_resnet"]


@pytest.fixture(scope="module", params=MODELS)
def analyzer(request: pytest.FixtureRequest) -> emotion.Analyzer:
    return emotion.load_analyzer(request.param)


@pytest.fixture(scope="module")
def portraits(astronaut: np.ndarray) -> list[tuple[Image, Face]]:
    analyzer = emotion.load_analyzer()
    images = [astronaut, *(emotion.read_image(sample.read()) for sample in SAMPLES)]
    return [(image, face) for image in images for face in analyzer.analyze(image)]


def log_odds(probability: np.ndarray) -> np.ndarray:
    """As in the map: a probability near 1 moves little, whatever is covered."""
    return np.asarray(np.log(probability) - np.log1p(-probability))


def blurred_where(crop: Image, mask: np.ndarray) -> Image:
    """Covered in another way than the map does: everything at once, blurred, with hard edges."""
    out = crop.copy()
    out[mask] = cv2.GaussianBlur(crop, (0, 0), crop.shape[0] / 6)[mask]
    return out


def test_masking_named_regions_changes_the_answer_more_than_masking_others(
    analyzer: emotion.Analyzer, portraits: list[tuple[Image, Face]]
) -> None:
    assert len(portraits) >= 5
    losses = []
    for image, face in portraits:
        crop = analyzer.crop(image, face)
        answer = analyzer.classify([crop])[0]
        best = int(answer.argmax())
        heat = enlarge(analyzer.occlusion_map(crop).effect[..., best], crop.shape[:2])
        named = heat >= np.quantile(heat, 0.8)
        quarter = len(crop) // 4
        shifts = [(quarter * y, quarter * x) for y in range(4) for x in range(4)]
        masks = [np.roll(named, shift, axis=(0, 1)) for shift in shifts]
        others = [mask for mask in masks if (mask & named).sum() < named.sum() / 2]
        assert len(others) >= 8, "regions of the same shape elsewhere"
        crops = [blurred_where(crop, mask) for mask in [named, *others]]
        left = log_odds(analyzer.classify(crops)[:, best])
        before = log_odds(answer[best])
        losses.append((before - left[0], (before - left[1:]).mean()))
    losses_named, losses_others = np.array(losses).T
    assert (losses_named > losses_others).all(), losses
    assert losses_named.mean() > 2 * losses_others.mean()


def test_maps_are_the_same_every_time(
    analyzer: emotion.Analyzer, portraits: list[tuple[Image, Face]]
) -> None:
    crop = analyzer.crop(*portraits[0])
    first = analyzer.occlusion_map(crop).effect
    assert first.shape == (GRID, GRID, len(EMOTIONS))
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(analyzer.occlusion_map(crop).effect, first)


def test_a_smile_is_in_the_mouth(
    analyzer: emotion.Analyzer, portraits: list[tuple[Image, Face]]
) -> None:
    image, face = portraits[0]
    assert face.label == "happy"
    crop = analyzer.crop(image, face)
    heat = analyzer.occlusion_map(crop).effect[..., EMOTIONS.index("happy")]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert row >= GRID // 2, "the lower half"
    assert 2 <= column <= 4, "the middle"
