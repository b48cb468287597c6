"""Tasks that worker processes run in tests."""

import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from emotion.app.workers.pixel_gate import Pixels
from emotion.errors import VideoError


def spin() -> None:
    while True:
        pass


def wait_forever() -> Generator[int]:
    yield os.getpid()
    time.sleep(3600)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def allocate(megabytes: int) -> int:
    return int(np.ones(megabytes << 20, np.uint8)[-1])


def fail() -> None:
    raise RuntimeError("not an input's fault")


def refuse() -> None:
    raise VideoError("This is no clip.")


def write(path: str) -> None:
    Path(path).write_bytes(b"something")


def environment() -> dict[str, str]:
    return dict(os.environ)


def loaded() -> list[str]:
    return sorted(sys.modules)


def decode(pixels: int) -> Generator[Pixels | str, None, str]:
    yield Pixels(pixels)
    yield "decoding"
    time.sleep(0.3)
    return "done"


def foreign() -> Any:
    return threading.Event  # a class, but none of ours
