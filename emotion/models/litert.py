"""Runs a compiled model (.tflite) with LiteRT, from any number of threads.

A LiteRT interpreter serves one thread at a time and one shape of input, so a ``CompiledModel``
keeps a small pool of them: a call borrows one of its shape, or makes one. Nothing is allocated in
an ordinary call but the outputs. No TensorFlow.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from emotion.errors import ModelError


class CompiledModel:
    """A model with one input and named outputs; safe to call from several threads at once.

    data: the bytes of the .tflite file. num_threads: threads of one call. Idle interpreters
    beyond ``keep`` are dropped, so a burst of callers does not hold memory for good; from
    ``shapes`` idle ones on, the one that waited longest is re-planned for another shape.
    """

    def __init__(
        self, data: bytes, *, num_threads: int = 1, keep: int = 8, shapes: int = 3
    ) -> None:
        self._data = data
        self._num_threads = num_threads
        self._keep, self._shapes = keep, shapes
        self._idle: list[_Runner] = []
        self._lock = threading.Lock()
        self._idle.append(self._make())

    def __getstate__(self) -> dict[str, Any]:
        """The file and the settings; interpreters and their lock are made when it is loaded."""
        state = self.__dict__.copy()
        del state["_idle"], state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._idle, self._lock = [], threading.Lock()

    def _make(self) -> _Runner:
        from ai_edge_litert.interpreter import Interpreter  # 0.1 s; only when a model is loaded

        try:
            interpreter = Interpreter(model_content=self._data, num_threads=self._num_threads)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"The model file cannot be run ({error}); install it again."
            ) from error
        return _Runner(interpreter)

    def __call__(self, batch: np.ndarray) -> Mapping[str, np.ndarray]:
        """Output name -> array, for a batch of any length >= 1.

        A fully convolutional model takes any height and width too; another model raises
        ``RuntimeError``.
        """
        runner = self._borrowed(batch.shape) or self._make()
        outputs = runner(batch)  # one that failed is not used again
        with self._lock:
            if len(self._idle) < self._keep:
                self._idle.append(runner)
        return outputs

    def _borrowed(self, shape: tuple[int, ...]) -> _Runner | None:
        """An idle interpreter that is planned for this shape, or can be; None: make one."""
        with self._lock:
            for i in range(len(self._idle) - 1, -1, -1):  # the last used is in the cache still
                if self._idle[i].shape == shape:
                    return self._idle.pop(i)
            unused = self._idle and not self._idle[0].used
            return self._idle.pop(0) if unused or len(self._idle) >= self._shapes else None


class _Runner:
    """One interpreter, one thread at a time."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        detail = interpreter.get_input_details()[0]
        self._input = detail["index"]
        self.shape: tuple[int, ...] = tuple(int(n) for n in detail["shape"])
        self.used = False
        self._outputs = _named_outputs(interpreter)

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        self.used = True
        if batch.shape != self.shape:
            # Re-plans the network, which costs as much as a small picture's run.
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
            self.shape = batch.shape
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(i) for name, i in self._outputs.items()}


def _named_outputs(interpreter: Any) -> dict[str, int]:
    """Name of each output -> its tensor's index.

    The names of the serving signature where the file has one (a Keras export does), else those of
    the tensors themselves.
    """
    details = {d["name"]: int(d["index"]) for d in interpreter.get_output_details()}
    signatures = interpreter.get_signature_list()
    if not signatures:
        return details
    name = next(iter(signatures))
    runner = interpreter.get_signature_runner(name)
    return {
        output: details[detail["name"]]
        for output, detail in runner.get_output_details().items()
        if detail["name"] in details
    } or details
