"""Reading image files as RGB arrays and encoding them again: every picture is opened here.

Stateless; safe to use from several threads.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as PILImage
from PIL import JpegImagePlugin, UnidentifiedImageError

from emotion.errors import ImageError, ImageTooLargeError
from emotion.files import read_bytes
from emotion.imaging.formats import (
    HELP,
    format_of,
    is_raw,
    other_format,
)
from emotion.imaging.pixels import DAMAGE, swaps_sides, upright_rgb
from emotion.types import Face, Image

MAX_PIXELS = 64_000_000
"""Pixels that are decoded of one image by default; 64 million are 192 MB as RGB."""

MAX_PIXELS_VARIABLE = "EMOTION_MAX_MEGAPIXELS"
"""Environment variable with that limit in million pixels, in place of ``MAX_PIXELS``."""

REDUCIBLE = 4
"""A JPEG may have this many times the limit: it can be decoded at half its width and height,
without ever being whole in memory."""

_MEMORY = "Decoding this picture takes too much memory; make it smaller and try again."
_DAMAGED = f"This picture is damaged or cut short; {HELP}."
_UNKNOWN_TIFF = (
    f"This TIFF is damaged, or its kind of pixels cannot be read (such as colours in floating "
    f"point); {HELP}."
)


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture, decoded whole or reduced.

    Attributes:
        image: RGB uint8 (H, W, 3), upright, in sRGB.
        width: Pixels of the upright picture in its file; more than the image's W if it is reduced.
        height: Pixels, like the width.
    """

    image: Image
    width: int
    height: int

    def in_file_pixels(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Faces found in ``image``, with their coordinates in pixels of the file."""
        return self._scaled(faces, 1)

    def in_image_pixels(self, faces: Sequence[Face]) -> tuple[Face, ...]:
        """Faces in pixels of the file, with their coordinates in pixels of ``image``."""
        return self._scaled(faces, -1)

    def _scaled(self, faces: Sequence[Face], power: int) -> tuple[Face, ...]:
        rows, columns = self.image.shape[:2]
        if (rows, columns) == (self.height, self.width):
            return tuple(faces)
        xy = np.array([self.width / columns, self.height / rows], np.float32) ** power
        return tuple(
            replace(
                face,
                xyxy=face.xyxy * np.tile(xy, 2),
                landmarks=None if face.landmarks is None else face.landmarks * xy,
                unclipped=None if face.unclipped is None else face.unclipped * np.tile(xy, 2),
            )
            for face in faces
        )


def read_image(source: bytes | str | os.PathLike[str] | BinaryIO) -> Image:
    """Decodes an image file, with the pixels that it has.

    Transparency is composed over white. 16-bit values are scaled to 8 bits: by the file's
    ``MaxSampleValue``, or else by the smallest of 8, 10, 12, 14 and 16 bits that holds the values
    present. Colours are converted to sRGB by the file's colour profile.

    Args:
        source: A file's bytes, its path, or the file opened in binary mode: JPEG, PNG, WebP, HEIC,
            AVIF, BMP, TIFF (first page) or GIF (first frame), whatever its name.

    Returns:
        RGB uint8 (H, W, 3), upright by its orientation tag.

    Raises:
        ImageError: No file that can be opened, not such an image, or a damaged one; the message
            is fit for the user.
        ImageTooLargeError: More pixels than ``pixel_limit()``, or for a JPEG, more than
            ``REDUCIBLE`` times as many.
        ValueError: ``source`` is nothing of that.

    Example:
        >>> image = read_image("portrait.jpg")
    """
    return _read_photo(source, reduce=False).image


def read_photo(source: bytes | str | os.PathLike[str] | BinaryIO) -> Photo:
    """Decodes an image file like ``read_image``, and a JPEG above ``pixel_limit()`` reduced.

    The memory stays bounded by the limit. A photo of 108 million pixels is decoded at half its
    width and height.

    Args:
        source: As of ``read_image``.

    Raises:
        ImageError: As of ``read_image``.
        ValueError: As of ``read_image``.

    Example:
        >>> photo = read_photo("portrait.jpg")
        >>> faces = photo.in_file_pixels(analyzer.analyze(photo.image))
    """
    return _read_photo(source, reduce=True)


def pixel_limit() -> int:
    """How many pixels of an image are decoded: ``MAX_PIXELS``, or what the environment sets.

    Raises:
        ImageError: ``EMOTION_MAX_MEGAPIXELS`` is no number above 0.
    """
    given = os.environ.get(MAX_PIXELS_VARIABLE)
    if not given:
        return MAX_PIXELS
    try:
        limit = float(given)
    except ValueError:
        limit = 0.0
    if not 0 < limit < 1e6:
        raise ImageError(f"{MAX_PIXELS_VARIABLE} is {given!r}; set it to a number of megapixels.")
    return max(int(limit * 1e6), 1)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its first bytes, whatever its name; it may yet be damaged."""
    try:
        with path.open("rb") as file, _opened(file):
            return True
    except (ImageTooLargeError, *DAMAGE) as error:
        return isinstance(error, ImageTooLargeError)
    except ImageError:
        return False


def image_size(data: bytes) -> tuple[int, int]:
    """The (width, height) in pixels that an image file's header states; decodes nothing.

    Returns:
        (0, 0) for a header that cannot be read; ``read_photo`` says what is wrong with it.

    Raises:
        ImageTooLargeError: It states more pixels than can be handled.
    """
    try:
        with _opened(io.BytesIO(data)) as picture:
            return picture.size
    except MemoryError as error:
        raise ImageTooLargeError(_MEMORY) from error
    except ImageTooLargeError:
        raise
    except (ImageError, *DAMAGE):
        return 0, 0


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


def _read_photo(source: bytes | str | os.PathLike[str] | BinaryIO, *, reduce: bool) -> Photo:
    data = _read(source)
    if not data:
        raise ImageError(f"This file is empty; choose another one, or {HELP}.")
    try:
        with _opened(io.BytesIO(data)) as picture:
            width, height = picture.size
            reduced = _check_size(picture, reduce=reduce)
            if reduced and swaps_sides(picture):
                width, height = height, width
            image = upright_rgb(picture, data)
    except MemoryError as error:
        raise ImageTooLargeError(_MEMORY) from error
    except DAMAGE as error:
        raise ImageError(_DAMAGED) from error
    if not reduced:
        height, width = image.shape[:2]
    return Photo(image, width, height)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[PILImage.Image]:
    """The picture in a file, its header read and nothing decoded.

    Raises:
        ImageError: It is no picture that can be read.
    """
    start = file.read(64)
    file.seek(0)
    name = format_of(start)
    if name is None:
        raise ImageError(other_format(start))
    with warnings.catch_warnings():
        # Of sizes, which the limit here replaces, and of odd tags, which cost no picture.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        with _open(file, name) as picture:
            if is_raw(picture, start):
                raise ImageError(
                    "This is a camera's raw file, of which only a small preview could be read; "
                    "export it as JPEG and try again."
                )
            yield picture


def _open(file: BinaryIO, name: str) -> PILImage.Image:
    try:
        return PILImage.open(file, formats=(name,))
    except UnidentifiedImageError as error:
        raise ImageError(_UNKNOWN_TIFF if name == "TIFF" else _DAMAGED) from error
    except PILImage.DecompressionBombError as error:
        if name != "JPEG":
            raise ImageTooLargeError(_too_large(None, pixel_limit())) from error
        file.seek(0)
        return JpegImagePlugin.jpeg_factory(file)  # its size is checked by the caller


def _check_size(picture: PILImage.Image, *, reduce: bool) -> bool:
    """Refuses a picture above the limit; a JPEG may be set to be decoded reduced.

    Returns:
        Whether it is reduced.
    """
    width, height = picture.size
    limit = pixel_limit()
    if width * height <= limit:
        return False
    if not isinstance(picture, JpegImagePlugin.JpegImageFile):
        raise ImageTooLargeError(_too_large((width, height), limit))
    if width * height > REDUCIBLE * limit:
        raise ImageTooLargeError(_too_large((width, height), REDUCIBLE * limit, is_jpeg=True))
    if reduce:
        half = -(-width // 2) * -(-height // 2)
        part = 2 if half <= limit else 4  # sides that are odd are rounded up
        picture.draft(None, (width // part, height // part))
    return reduce


def _too_large(size_wh: tuple[int, int] | None, limit: int, is_jpeg: bool = False) -> str:
    has = f"{size_wh[0]} x {size_wh[1]} pixels; " if size_wh else ""
    help_ = "make it smaller" if is_jpeg else "make it smaller or save it as JPEG"
    return (
        f"This picture is too large ({has}the limit is {limit / 1e6:g} million pixels); "
        f"{help_} and try again."
    )
