"""One compiled model, called with pictures of several sizes, also from several threads."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emotion.errors import ModelError
from emotion.models.litert import CompiledModel
from emotion.models.spec import SERVED_FILE, model_folder, read_spec

SIZES = [(160, 160), (256, 320), (64, 96), (320, 224), (32, 32)]


@pytest.fixture(scope="module")
def data() -> bytes:
    return (model_folder("yunet") / SERVED_FILE).read_bytes()


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


def test_two_sizes_in_turn_are_planned_once_each(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = CompiledModel(data)
    make, made, shapes = model._make, [], []

    def counted() -> object:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(model, "_make", counted)
    for picture in [pictures()[0], pictures()[1]] * 4:
        model(picture)
        shapes.append(sorted(runner.shape for runner in model._idle))
    assert len(made) == 1, "besides the first one"
    assert shapes[1:] == [shapes[1]] * 7
    for picture in pictures() * 2:
        model(picture)
    assert len(model._idle) <= 3


def test_one_that_failed_is_not_used_again() -> None:
    folder = model_folder()
    spec = read_spec(folder)
    model = CompiledModel((folder / SERVED_FILE).read_bytes())
    face = np.zeros((1, *spec.input_size, spec.channels), np.uint8)
    expected = model(face)
    with pytest.raises((RuntimeError, ValueError)):
        model(np.zeros((1, *spec.input_size, spec.channels + 1), np.uint8))
    assert_same(model(face), expected)


def test_threads_with_pictures_of_different_sizes(data: bytes) -> None:
    model = CompiledModel(data, keep=2, shapes=2)
    expected = [CompiledModel(data)(picture) for picture in pictures()] * 6
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(model, pictures() * 6), expected, strict=True):
            assert_same(found, wanted)


def test_what_is_no_model_is_told() -> None:
    with pytest.raises(ModelError, match="cannot be run"):
        CompiledModel(b"TFL3 nothing")
