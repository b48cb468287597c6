"""An opened picture to upright sRGB pixels: orientation, range of values, colour profile.

Stateless but for a cache of colour transforms; safe to use from several threads.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image as PILImage
from PIL import ImageCms
from PIL.Image import Transpose
from PIL.TiffImagePlugin import OPEN_INFO, TiffImageFile

from emotion.errors import ImageError
from emotion.types import Image

DAMAGE = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError, EOFError,
    SyntaxError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged data: SyntaxError of PNG, RuntimeError of AVIF."""

_ORIENTATION, _PHOTOMETRIC, _PLANES, _MAX_SAMPLE = 0x0112, 262, 284, 281
"""Tags of EXIF and TIFF."""

_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}  # fmt: skip
"""EXIF orientation -> the transposition that makes the image upright."""

_DEPTHS = (8, 10, 12, 14, 16)
"""Bits of the sensors and scanners whose values lie in the low bits of 16-bit files."""

# Pillow 13 knows 16 bits with white as zero in little-endian files only.
OPEN_INFO.setdefault((b"MM", 0, (1,), 1, (16,), ()), ("I;16B", "I;16B"))

_LINES = 256  # of a 16-bit image converted at a time, which bounds the memory


def upright_rgb(picture: PILImage.Image, data: bytes) -> Image:
    """Decodes an opened picture to upright pixels in sRGB.

    Transparency is composed over white. Values of 16 bits are scaled to 8 by the file's
    ``MaxSampleValue``, or else by the smallest of 8, 10, 12, 14 and 16 bits that holds all values
    present; 32-bit and floating-point grey is stretched from its smallest to its largest value. A
    colour profile is applied; one that is damaged or of another colour space is ignored.

    Args:
        picture: Opened and not yet decoded.
        data: The bytes of its file.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        ImageError: Its kind of pixels cannot be decoded.
        Exception: One of ``DAMAGE`` where the file is damaged.
    """
    _split_planes(picture)
    depth16 = _has_16_bit_colors(picture)
    picture.load()
    if depth16 and _lies_in_low_bits(picture):
        picture = _decode_low_bits(picture, data)
    return _to_rgb(_upright(picture))


def swaps_sides(picture: PILImage.Image) -> bool:
    """Whether the orientation tag of a picture that is not decoded yet turns it by a quarter."""
    return (_orientation(picture) or 1) >= 5


def _orientation(picture: PILImage.Image) -> int | None:
    """The orientation tag, 1 to 8; None where it is missing or unreadable.

    Only that tag is read: Pillow's ``exif_transpose`` rewrites the whole block, and fails on intact
    images with one invalid tag.
    """
    try:
        value = picture.getexif().get(_ORIENTATION)
    except DAMAGE:
        return None
    return value if value in range(1, 9) else None


def _upright(picture: PILImage.Image) -> PILImage.Image:
    """The decoded image rotated by its orientation tag.

    Pillow itself rotates a TIFF when it decodes it, and pillow-heif a HEIC when it opens it (it
    also resets the tag).
    """
    if isinstance(picture, TiffImageFile):
        return picture
    turn = _TURNS.get(_orientation(picture) or 1)
    return picture if turn is None else picture.transpose(turn)


def _split_planes(picture: PILImage.Image) -> None:
    """Corrects how Pillow reads a TIFF of 16 bits with uncompressed separate planes.

    Pillow 13 takes each plane for one of 8 bits, which scrambles the image.
    """
    if not isinstance(picture, TiffImageFile) or not _has_16_bits(picture):
        return
    if picture.tag_v2.get(_PLANES) == 2:
        order = "16L" if picture.tag_v2.prefix == b"II" else "16B"
        gray = "I;16" if order == "16L" else "I;16B"

        def corrected(tile: Any) -> Any:
            plane, *rest = tile.args if isinstance(tile.args, tuple) else (None,)
            if tile.codec_name != "raw" or not isinstance(plane, str) or len(plane) != 1:
                return tile
            return tile._replace(args=(gray if plane == "I" else f"{plane};{order}", *rest))

        picture.tile = [corrected(tile) for tile in picture.tile]


def _has_16_bits(picture: TiffImageFile) -> bool:
    bits = picture.tag_v2.get(258, (8,))
    return bool(16 in bits)


def _has_16_bit_colors(picture: PILImage.Image) -> bool:
    """Whether the file has more than 8 bits a channel of which Pillow will keep the high 8."""
    if isinstance(picture, TiffImageFile):
        return picture.mode in ("RGB", "RGBA", "RGBX") and _has_16_bits(picture)
    args = [str(tile.args) for tile in getattr(picture, "tile", ())]
    return picture.mode in ("RGB", "RGBA", "LA") and any(";16B" in each for each in args)


def _lies_in_low_bits(picture: PILImage.Image) -> bool:
    """Whether the high 8 of 16 bits leave the upper sixteenth or more of the range unused."""
    channels = picture.getextrema()[:3] if picture.mode != "LA" else picture.getextrema()[:1]
    highest = max(int(high) for _, high in channels)  # type: ignore[misc]
    return 0 <= highest < 64


def _decode_low_bits(picture: PILImage.Image, data: bytes) -> PILImage.Image:
    """Decodes colours of 10 or 12 bits in a 16-bit file, of which Pillow keeps the high 8.

    Raises:
        ImageError: They lie in separate planes, which OpenCV does not read either.
    """
    separate = isinstance(picture, TiffImageFile) and picture.tag_v2.get(_PLANES) == 2
    found = None if separate else _decode_quietly(data)
    if found is None or found.dtype != np.uint16 or found.shape[1::-1] != picture.size:
        raise ImageError(
            "This picture has less than 16 bits in a 16-bit file, which cannot be read in its "
            "form; save it with 8 bits as PNG and try again."
        )
    colors = found[:, :, :3][:, :, ::-1]
    scaled = [_scaled(found[:, :, 3], 65535)] if found.shape[2] == 4 else []
    rgb = _scaled(colors, _highest_value(picture, int(colors.max())))
    whole = PILImage.fromarray(np.dstack([rgb, *scaled]))
    if not isinstance(picture, TiffImageFile):
        whole.getexif()[_ORIENTATION] = _orientation(picture) or 1
    return _with_info(whole, picture)


def _decode_quietly(data: bytes) -> np.ndarray | None:
    """OpenCV's image of a file, as it is stored; None where it cannot decode it."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it prints what it cannot
    try:
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _to_rgb(picture: PILImage.Image) -> Image:
    if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        values = np.asarray(picture)
        gray = _scaled(values, _highest_value(picture, int(values.max())))
        if getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0:
            np.subtract(255, gray, out=gray)  # white is zero, which Pillow leaves as it is here
        picture = _with_info(PILImage.fromarray(gray), picture)
    elif picture.mode in ("I", "F"):
        stretched = _stretch(np.array(picture, dtype=np.float32))
        picture = _with_info(PILImage.fromarray(stretched), picture)
    return np.array(_to_srgb(_over_white(picture)), dtype=np.uint8)


def _with_info(new: PILImage.Image, old: PILImage.Image) -> PILImage.Image:
    """The new image with the colour profile of the old."""
    new.info = {key: old.info[key] for key in ("icc_profile",) if key in old.info}
    return new


def _highest_value(picture: PILImage.Image, present: int) -> int:
    """The value of white in a 16-bit image whose largest value is ``present``."""
    if isinstance(picture, TiffImageFile):
        bits = max(picture.tag_v2.get(258, (16,)))
        stated = picture.tag_v2.get(_MAX_SAMPLE, 0)
        highest = max(stated) if isinstance(stated, tuple) else int(stated)
        if 0 < highest < 65535 and highest >= present:
            return int(highest)
        if bits < 16 and present < 1 << bits:
            return int((1 << bits) - 1)
    return next((1 << bits) - 1 for bits in _DEPTHS if present < 1 << bits)


def _scaled(values: np.ndarray, highest: int) -> Image:
    """16-bit values of any shape (H, W, ...) as uint8, ``highest`` becoming 255."""
    every = np.arange(1 << 16, dtype=np.uint32)
    table = np.minimum((every * 255 + highest // 2) // highest, 255).astype(np.uint8)
    out = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _LINES):
        out[top : top + _LINES] = table[values[top : top + _LINES]]
    return out


def _stretch(gray: np.ndarray) -> Image:
    """Grey values without a stated range (32-bit and float images), stretched to 0..255.

    Works in place: such an image takes four times as much memory as others.
    """
    np.nan_to_num(gray, copy=False, posinf=0.0, neginf=0.0)
    low, high = float(gray.min()), float(gray.max())
    gray -= np.float32(low)
    gray *= np.float32(255.0 / (high - low) if high > low else 0.0)
    return gray.astype(np.uint8)


def _over_white(picture: PILImage.Image) -> PILImage.Image:
    """The picture without transparency, in a mode that a colour profile can be of."""
    opened = picture
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = PILImage.new("RGBA", layer.size, "white")
        picture = PILImage.alpha_composite(white, layer).convert("RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in ("L", "RGB", "CMYK", "LAB"):
        picture = picture.convert("RGB")
    return picture if picture is opened else _with_info(picture, opened)


def _to_srgb(picture: PILImage.Image) -> PILImage.Image:
    """An ``L``, ``RGB``, ``CMYK`` or ``LAB`` picture as RGB in sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.mode == "LAB":
        return ImageCms.applyTransform(picture, _lab_transform()) or picture
    if isinstance(profile, bytes) and profile:
        if picture.mode == "L" and profile[16:20] == b"RGB ":
            picture = picture.convert("RGB")
        transform = _transform(profile, picture.mode)
        if transform is not None:
            return ImageCms.applyTransform(picture, transform) or picture
    return picture.convert("RGB")


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform of a colour profile to sRGB; None where it changes nothing or is no such."""
    spaces = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}
    if profile[16:20] != spaces[mode]:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode != "RGB":
            return transform
        # Most profiles are sRGB's own, under many names; those cost no time.
        steps = np.linspace(0, 255, 6).astype(np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        changed = ImageCms.applyTransform(PILImage.fromarray(cube), transform)
    except (ImageCms.PyCMSError, *DAMAGE):
        return None
    off = np.abs(np.asarray(changed, np.int16) - cube)
    return transform if off.max() > 1 else None


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
