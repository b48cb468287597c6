"""Decoding image files to RGB arrays and encoding them again.

Stateless; safe to use from several threads.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as PILImage
from PIL import UnidentifiedImageError
from PIL.Image import Transpose

from emotion.errors import ImageError, ImageTooLargeError
from emotion.files import read_bytes
from emotion.types import Image

MAX_PIXELS = 64_000_000
"""Largest image that is decoded; 64 million pixels are 192 MB as RGB."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""File name endings, lower case, that count as images when a folder is searched."""

_FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "BMP",
    "GIF",
    "TIFF",
)  # JPEG includes MPO
_DAMAGE = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError, EOFError,
    SyntaxError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged data; SyntaxError is its broken-PNG error."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}  # fmt: skip
"""EXIF orientation -> the transposition that makes the image upright."""

_HELP = "save it as JPEG or PNG and try again"
_LIMIT = (
    f"This picture is too large (the limit is {MAX_PIXELS // 10**6} million pixels); make it "
    "smaller and try again."
)
_MEMORY = "Decoding this picture takes too much memory; make it smaller and try again."


def read_image(source: bytes | str | os.PathLike[str] | BinaryIO) -> Image:
    """Decodes an image file.

    Transparency is composed over white, 16-bit grey scaled to 8 bits.

    Args:
        source: A file's bytes, its path, or the file opened in binary mode: JPEG, PNG, WebP, BMP,
            TIFF or GIF (first frame).

    Returns:
        RGB uint8 (H, W, 3), upright by its EXIF orientation.

    Raises:
        ImageError: No file that can be opened, not such an image, or a damaged one; the message
            is fit for the user.
        ImageTooLargeError: More than ``MAX_PIXELS``.

    Example:
        >>> image = read_image("portrait.jpg")
    """
    data = _read(source)
    if not data:
        raise ImageError(f"This file is empty; choose another one, or {_HELP}.")
    try:
        with warnings.catch_warnings():
            # Pillow's own size warning: the limit below replaces it.
            warnings.simplefilter("ignore", PILImage.DecompressionBombWarning)
            with PILImage.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise ImageTooLargeError(_too_large(width, height))
                return _to_rgb(_upright(picture))
    except UnidentifiedImageError as error:
        raise ImageError(
            "This file is not a picture that can be read (JPEG, PNG, WebP, BMP, GIF or TIFF); "
            f"{_HELP}."
        ) from error
    except PILImage.DecompressionBombError as error:
        raise ImageTooLargeError(_LIMIT) from error
    except MemoryError as error:
        raise ImageTooLargeError(_MEMORY) from error
    except _DAMAGE as error:
        raise ImageError(f"This picture is damaged or cut short; {_HELP}.") from error


def image_size(data: bytes) -> tuple[int, int]:
    """The (width, height) in pixels that an image file's header states; decodes nothing.

    Raises:
        ImageError: As ``read_image``, for a header that cannot be read.
        ImageTooLargeError: Likewise.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PILImage.DecompressionBombWarning)
            with PILImage.open(io.BytesIO(data), formats=_FORMATS) as picture:
                return picture.size
    except UnidentifiedImageError:
        return 0, 0  # ``read_image`` says what is wrong with it
    except MemoryError as error:
        raise ImageTooLargeError(_MEMORY) from error
    except (*_DAMAGE, PILImage.DecompressionBombError):
        return 0, 0


def restrict_pillow() -> None:
    """Makes every ``PIL.Image.open`` of this process refuse formats that ``read_image`` refuses.

    Pillow tries all its plugins by default, among them one that runs Ghostscript on what has the
    header of an EPS file. A second call does nothing.
    """
    from PIL import EpsImagePlugin  # its import registers it

    PILImage.init()  # now, or Pillow would load the other plugins later
    for name in set(PILImage.ID) - set(_FORMATS):
        PILImage.ID.remove(name)
        PILImage.OPEN.pop(name, None)
    EpsImagePlugin.gs_binary = False


def encode_image(image: Image, *, suffix: str = ".png", quality: int = 90) -> bytes:
    """Encodes an RGB image as a file.

    Args:
        image: RGB uint8 (H, W, 3).
        suffix: File name ending that names the format, such as ``.png``.
        quality: 0..100, of JPEG and WebP.

    Returns:
        The file's bytes.

    Raises:
        ValueError: The suffix names no image format.
    """
    buffer = io.BytesIO()
    extension = suffix.lower()
    name = PILImage.registered_extensions().get(extension)
    if name is None:
        raise ValueError(f"expected an image suffix such as .png, got {suffix!r}")
    options = {"quality": quality} if name in ("JPEG", "WEBP") else {}
    PILImage.fromarray(image).save(buffer, name, **options)
    return buffer.getvalue()


def _read(source: bytes | str | os.PathLike[str] | BinaryIO) -> bytes:
    """The bytes of an image file."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return read_bytes(Path(source))
    if not hasattr(source, "read"):
        raise ValueError(f"expected bytes, a path or a binary file, got {type(source).__name__}")
    data = source.read()
    if not isinstance(data, bytes):
        raise ValueError(f"expected a file opened in binary mode, got {type(data).__name__} of it")
    return data


def _too_large(width: int, height: int) -> str:
    return (
        f"This picture is too large ({width} x {height} pixels; the limit is "
        f"{MAX_PIXELS // 10**6} million pixels); make it smaller and try again."
    )


def _upright(picture: PILImage.Image) -> PILImage.Image:
    """The image rotated by its EXIF orientation.

    Only that tag is read: Pillow's ``exif_transpose`` rewrites the whole block, and fails on intact
    images with one invalid tag.
    """
    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return picture  # unreadable EXIF: shown as stored
    return picture if turn is None else picture.transpose(turn)


def _to_rgb(picture: PILImage.Image) -> Image:
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        gray16 = np.asarray(picture)
        gray = (gray16 >> 8).astype(np.uint8)  # the high byte, whatever the byte order in the file
        return np.repeat(gray[:, :, None], 3, axis=2)
    if picture.mode in ("I", "F"):
        gray = _stretch(np.array(picture, dtype=np.float32))
        return np.repeat(gray[:, :, None], 3, axis=2)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = PILImage.new("RGBA", layer.size, "white")
        picture = PILImage.alpha_composite(white, layer)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def _stretch(gray: np.ndarray) -> np.ndarray:
    """Grey values without a stated range (32-bit and float images), stretched to 0..255.

    Works in place: such an image takes four times as much memory as others.
    """
    np.nan_to_num(gray, copy=False, posinf=0.0, neginf=0.0)
    low, high = float(gray.min()), float(gray.max())
    gray -= np.float32(low)
    gray *= np.float32(255.0 / (high - low) if high > low else 0.0)
    return gray.astype(np.uint8)
