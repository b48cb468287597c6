"""One compiled model, called with pictures of several sizes, also from several threads."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emotion.errors import ModelError
from emotion.litert import CompiledModel
from emotion.spec import SERVED_FILE, model_folder

SIZES = [(160, 160), (256, 320), (64, 96), (320, 224), (32, 32)]


@pytest.fixture(scope="module")
def data() -> bytes:
    return (model_folder("single_shot") / SERVED_FILE).read_bytes()


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (1, height, width, 3), np.uint8) for height, width in SIZES]


def assert_same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name])


def test_every_size_is_answered_as_by_a_fresh_model(data: bytes) -> None:
    model = CompiledModel(data)
    expected = [CompiledModel(data)(picture) for picture in pictures()]
    for _ in range(2):
        for picture, wanted in zip(pictures(), expected, strict=True):
            assert_same(model(picture), wanted)


def test_threads_with_pictures_of_different_sizes(data: bytes) -> None:
    model = CompiledModel(data, keep=2, shapes=2)
    expected = [CompiledModel(data)(picture) for picture in pictures()] * 6
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(model, pictures() * 6), expected, strict=True):
            assert_same(found, wanted)


def test_what_is_no_model_is_told() -> None:
    with pytest.raises(ModelError, match="cannot be run"):
        CompiledModel(b"TFL3 nothing")
