"""Pictures from bytes and to bytes: the border where a file becomes an RGB array and back.

Stateless and safe to use from several threads.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image as PILImage
from PIL import ImageOps, UnidentifiedImageError

from emotion.errors import ImageError, ImageTooLargeError
from emotion.types import Image

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded; 64 million pixels are 192 MB as RGB."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""File names that are taken for pictures when a folder is searched."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # JPEG takes MPO, its double form, too
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
                return _to_rgb(ImageOps.exif_transpose(picture))
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
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError) as error:
        # What Pillow's decoders raise on damaged data; SyntaxError is its broken-PNG error.
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


def _to_rgb(picture: PILImage.Image) -> Image:
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        gray16 = np.asarray(picture)
        gray = (gray16 >> 8).astype(np.uint8)  # the high byte, whatever the byte order in the file
        return np.repeat(gray[:, :, None], 3, axis=2)
    if picture.mode in ("I", "F"):
        gray = _stretch(np.asarray(picture, dtype=np.float64))
        return np.repeat(gray[:, :, None], 3, axis=2)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = PILImage.new("RGBA", layer.size, "white")
        picture = PILImage.alpha_composite(white, layer)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def _stretch(gray: np.ndarray) -> np.ndarray:
    """Grey values without a stated range (32-bit and float pictures), stretched to 0..255."""
    finite = np.where(np.isfinite(gray), gray, 0.0)
    low, high = float(finite.min()), float(finite.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return ((finite - low) * scale).astype(np.uint8)
