"""Transfer learning: first weights from another model, another run or a Keras application."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.errors import ModelError
from emotion.models.spec import RUN_FILE, sha256_of
from emotion.training.common.keras_models import load_keras
from emotion.training.common.run_record import origin_of, read_json
from emotion.training.expression.architectures.applications import load_weights
from emotion.training.expression.blend import BLEND
from emotion.training.expression.channel_pruning import inherit_channels
from emotion.training.expression.pretrained import load_graph_weights


def load_first_weights(
    start: Path,
    model: keras.Model,
    heads: Container[str],
    some_faces: Callable[[int], np.ndarray] | None = None,
) -> dict[str, Any]:
    """Loads a model's first weights.

    Args:
        start: One of: a model's folder, of the same architecture or of one with more channels
            inside of its blocks (see ``channel_pruning``), whose heads of the same name and number
            of labels are copied, too; a checkpoint of a run with the same heads; a file with the
            weights of a Keras application without its top; the ``.json`` of a TensorFlow.js graph
            (see ``pretrained``).
        model: The model that gets the weights.
        heads: Names of its heads.
        some_faces: Returns the given number of training faces in the model's format; needed for a
            graph.

    Returns:
        The weights' origin for the run's record.

    Raises:
        ModelError: When the weights do not fit.
    """
    if start.suffix == ".json":
        if some_faces is None:
            raise ValueError("expected some_faces with the graph of a network, got None")
        return load_graph_weights(model, start, some_faces)
    if not start.is_dir():
        if not _is_checkpoint(start, model):
            load_weights(model, start)
        run = read_json(start.with_name(RUN_FILE))
        return {"model": start.name, "sha256": sha256_of(start), "run": run}
    known = _without_blend(load_keras(start))
    theirs, ours = _backbone(known, _heads(known)), _backbone(model, heads)
    if not inherit_channels(theirs, ours):
        raise ModelError(
            f"{start} has the architecture {known.name}, whose layers do not fit; a {model.name} "
            "cannot start from it."
        )
    for name in _heads(known):
        target = model.get_layer(name) if _has(model, name) else None
        source = known.get_layer(name)
        if target is not None and target.kernel.shape == source.kernel.shape:
            target.set_weights(source.get_weights())
    return origin_of(start)


def freeze(model: keras.Model, heads: Container[str]) -> None:
    """Freezes the backbone, statistics of the normalisation included.

    Args:
        model: The model.
        heads: Names of its heads, which stay trainable.
    """
    for layer in _backbone(model, heads):
        layer.trainable = False


def _without_blend(model: keras.Model) -> keras.Model:
    """The model with its trained heads only; a blend has no weights of its own."""
    outputs = {name: logits for name, logits in model.output.items() if name != BLEND}
    return keras.Model(model.input, outputs, name=model.name)


def _is_checkpoint(path: Path, model: keras.Model) -> bool:
    try:
        model.load_weights(path)
    except (OSError, ValueError):
        return False
    return True


def _heads(model: keras.Model) -> list[str]:
    return list(model.output)


def _backbone(model: keras.Model, heads: Container[str]) -> list[Any]:
    """Layers with weights, without the heads, in the order of the network."""
    return [layer for layer in model.layers if layer.weights and layer.name not in heads]


def _has(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)
