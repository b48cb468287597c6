"""The messages between the server and a worker.

Messages are pickled. The worker trusts the server. The server does not trust the worker, which a
decoder's fault may have put into strange hands: it accepts plain values, arrays and dataclasses of
this package, so a message cannot run code in the server.
"""

from __future__ import annotations

import dataclasses
import io
import pickle
from multiprocessing.connection import Connection
from typing import Any

TASK, GO = "task", "go"
"""Server to worker: (TASK, function, arguments, limits), and (GO,) in answer to ``Pixels``."""

READY, ITEM, DONE, REFUSED, FAILED = "ready", "item", "done", "refused", "failed"
"""Worker to server: (READY,) once the models are loaded; for a task (ITEM, value), (DONE, value),
(REFUSED, name of the error, its message) for an ``EmotionError``, and (FAILED, traceback) for any
other exception."""

MAX_MESSAGE_BYTES = 1 << 30

_ARRAYS = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""Module and name of what NumPy's pickles name."""


def send(connection: Connection, message: tuple[Any, ...]) -> None:
    """Sends a message; blocks while the other end does not read."""
    connection.send_bytes(pickle.dumps(message, protocol=5))


def unpack_trusted(packed: bytes) -> tuple[Any, ...]:
    """A message of the server, in the worker."""
    message: tuple[Any, ...] = pickle.loads(packed)  # noqa: S301 - the server's
    return message


def receive_data(connection: Connection) -> tuple[Any, ...]:
    """The worker's next message, in the server.

    Raises:
        pickle.UnpicklingError: It names anything but data.
        EOFError: The worker has ended.
    """
    packed = connection.recv_bytes(MAX_MESSAGE_BYTES)
    message = _DataUnpickler(io.BytesIO(packed)).load()
    if not isinstance(message, tuple) or not message:
        raise pickle.UnpicklingError(f"expected a message, got {type(message).__name__}")
    return message


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        if module.startswith("emotion."):
            found = super().find_class(module, name)
            if isinstance(found, type) and dataclasses.is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"expected data of a worker, got {module}.{name}")
