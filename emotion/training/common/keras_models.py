"""Keras models as they lie in a model's folder, and their answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from emotion.models.spec import KERAS_FILE


def load_keras(folder: Path) -> keras.Model:
    """``model.keras`` itself, the source of truth."""
    return keras.saving.load_model(folder / KERAS_FILE, compile=False)


def predict(model: keras.Model, images: np.ndarray, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Head -> logits float32 (N, C), of uint8 faces, grey (N, H, W) or RGB (N, H, W, 3)."""
    images = images[..., None] if images.ndim == 3 else images
    parts: list[dict[str, np.ndarray]] = [
        {head: np.asarray(value) for head, value in answer.items()}
        for start in range(0, len(images), batch_size)
        for answer in [model.predict_on_batch(images[start : start + batch_size])]
    ]
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}


@contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Layers that are made inside compute in ``precision``, a name of Keras' dtype policies."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
