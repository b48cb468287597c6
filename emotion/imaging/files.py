"""Pictures from bytes and to bytes: the border where a file becomes an RGB array and back.

Stateless and safe to use from several threads.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image as PILImage
from PIL import UnidentifiedImageError
from PIL.Image import Transpose

from emotion.errors import ImageError, ImageTooLargeError
from emotion.types import Image

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded; 64 million pixels are 192 MB as RGB."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""File names that are taken for pictures when a folder is searched."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # JPEG takes MPO, its double form, too
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
"""EXIF orientation -> what makes the picture upright."""

_HELP = "save it as JPEG or PNG and try again"


def read_image(data: bytes) -> Image:
    """The picture as RGB uint8 (H, W, 3), upright by its EXIF orientation.

    Reads JPEG, PNG, WebP, BMP, TIFF and GIF (first frame). Transparency is laid over white; 16-bit
    grey is scaled to 8 bits. Raises ``ImageError`` with a sentence for the user when the bytes are
    no such picture or are cut short, and ``ImageTooLargeError`` beyond ``MAX_PIXELS``.
    """
    if not data:
        raise ImageError(f"This file is empty; choose another one, or {_HELP}.")
    try:
        with warnings.catch_warnings():
            # Pillow's own size warning: our limit below speaks instead.
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
        raise ImageTooLargeError(
            f"This picture is too large (the limit is {MAX_PIXELS // 10**6} million pixels); "
            "make it smaller and try again."
        ) from error
    except _DAMAGE as error:
        raise ImageError(f"This picture is damaged or cut short; {_HELP}.") from error


def encode_image(image: Image, *, suffix: str = ".png", quality: int = 90) -> bytes:
    """The file's bytes of an RGB image, in the format that ``suffix`` names."""
    buffer = io.BytesIO()
    extension = suffix.lower()
    name = PILImage.registered_extensions().get(extension)
    if name is None:
        raise ValueError(f"expected an image suffix such as .png, got {suffix!r}")
    options = {"quality": quality} if name in ("JPEG", "WEBP") else {}
    PILImage.fromarray(image).save(buffer, name, **options)
    return buffer.getvalue()


def _too_large(width: int, height: int) -> str:
    return (
        f"This picture is too large ({width} x {height} pixels; the limit is "
        f"{MAX_PIXELS // 10**6} million pixels); make it smaller and try again."
    )


def _upright(picture: PILImage.Image) -> PILImage.Image:
    """The picture turned by its EXIF orientation.

    Only that one tag is read: Pillow's ``exif_transpose`` writes the whole block anew, and fails on
    a picture that is whole but has one odd tag.
    """
    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return picture  # unreadable EXIF; the pixels speak for themselves
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
    """Grey values without a stated range (32-bit and float pictures), stretched to 0..255.

    Works in place: such a picture is four times as large in memory as another.
    """
    np.nan_to_num(gray, copy=False, posinf=0.0, neginf=0.0)
    low, high = float(gray.min()), float(gray.max())
    gray -= np.float32(low)
    gray *= np.float32(255.0 / (high - low) if high > low else 0.0)
    return gray.astype(np.uint8)
