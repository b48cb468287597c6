"""A Keras file is loaded only if it is the one in the spec, and runs no code of its own."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion.errors import ModelError
from emotion.models.spec import KERAS_FILE, SPEC_FILE, sha256_of
from emotion.training.common.keras_models import load_keras


def published(folder: Path, *layers: keras.Layer) -> Path:
    """A folder with a network and its checksum."""
    keras.Sequential([keras.Input((1,)), *layers]).save(folder / KERAS_FILE)
    checksums = {KERAS_FILE: sha256_of(folder / KERAS_FILE)}
    (folder / SPEC_FILE).write_text(json.dumps({"checksums": checksums}))
    return folder


def test_another_file_than_the_specs_is_refused(tmp_path: Path) -> None:
    folder = published(tmp_path, keras.layers.Dense(1))
    assert load_keras(folder).predict_on_batch(np.ones((1, 1))).shape == (1, 1)
    with (folder / KERAS_FILE).open("ab") as file:
        file.write(b".")
    with pytest.raises(ModelError, match="damaged"):
        load_keras(folder)
    (folder / SPEC_FILE).unlink()
    with pytest.raises(ModelError, match="no readable spec"):
        load_keras(folder)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    folder = published(tmp_path, keras.layers.Lambda(lambda x: x + 1))
    with pytest.raises(ValueError, match="Lambda"):
        load_keras(folder)
