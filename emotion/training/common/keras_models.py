"""Loading Keras models, and their predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from emotion.models.spec import KERAS_FILE, read_checked, read_checksums


def load_keras(folder: Path) -> keras.Model:
    """Loads ``model.keras`` from a model's folder, uncompiled.

    Raises:
        ModelError: Its sha256 is not the one in the spec.
        ValueError: It contains code (a Lambda layer), which Keras does not run in safe mode.
    """
    read_checked(folder, KERAS_FILE, read_checksums(folder))
    return keras.saving.load_model(folder / KERAS_FILE, compile=False, safe_mode=True)


def predict(model: keras.Model, images: np.ndarray, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Computes a model's outputs in batches.

    Args:
        model: A model with a dict of outputs.
        images: uint8, grey (N, H, W) or RGB (N, H, W, 3); at least one.
        batch_size: Images in a batch.

    Returns:
        Name of an output -> float32 (N, C).
    """
    images = images[..., None] if images.ndim == 3 else images
    parts: list[dict[str, np.ndarray]] = [
        {head: np.asarray(value) for head, value in outputs.items()}
        for start in range(0, len(images), batch_size)
        for outputs in [model.predict_on_batch(images[start : start + batch_size])]
    ]
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}


@contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Sets the dtype policy of layers that are created inside of the context."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
