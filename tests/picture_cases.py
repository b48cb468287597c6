"""Pictures that are read and refused: the cases that the tests try and docs/inputs.md lists."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pillow_heif
import tifffile
from PIL import Image as PILImage

from tests import icc

pillow_heif.register_heif_opener()

Maker = Callable[[], bytes]


@dataclass(frozen=True)
class PictureCase:
    """Files that are read alike, or refused alike.

    Attributes:
        text: What they are, as the table says.
        files: Functions that make them; each shows ``picture()``, or its grey version.
        sentence: Of the refusal; None if they are read.
        within: How far a pixel may be off where it is flat.
    """

    text: str
    files: tuple[Maker, ...]
    sentence: str | None = None
    within: int = 12


def picture() -> np.ndarray:
    """40 x 64, four flat fields: no symmetry hides a turn, no compression an error."""
    array = np.full((40, 64, 3), 240, np.uint8)
    array[:, :32] = (200, 30, 30)
    array[20:, 32:] = (30, 30, 200)
    array[:20, :16] = (20, 160, 20)
    return array


def gray_picture() -> np.ndarray:
    """The picture in grey, (40, 64)."""
    return np.asarray(cv2.cvtColor(picture(), cv2.COLOR_RGB2GRAY), np.uint8)


def assert_close(found: np.ndarray, expected: np.ndarray, within: int = 12) -> None:
    """The same picture, but for what a compression changes: mostly at the fields' edges."""
    assert found.shape == expected.shape
    off = np.abs(found.astype(int) - expected).max(axis=2)
    assert np.percentile(off, 75) <= within, f"off by {np.percentile(off, 75)}"


def encoded(
    name: str, array: np.ndarray | PILImage.Image | None = None, **options: object
) -> bytes:
    """The picture, or another, in one of Pillow's formats."""
    image = PILImage.fromarray(picture()) if array is None else array
    if isinstance(image, np.ndarray):
        image = PILImage.fromarray(image)
    if name not in ("PNG", "TIFF", "GIF", "BMP"):
        options = {"quality": 95, **options}
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def tiff(array: np.ndarray | None = None, **options: object) -> bytes:
    """The picture, or another array, as a TIFF with tifffile's options."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, picture() if array is None else array, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def oriented(name: str, orientation: int, stored: np.ndarray | None = None) -> bytes:
    """The picture, or other stored pixels, with an orientation tag."""
    if name == "TIFF":
        return tiff(stored, extratags=[(274, "H", 1, orientation, True)])
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    return encoded(name, stored, exif=exif.tobytes())


def png16(array: np.ndarray, orientation: int = 1) -> bytes:
    """A PNG of 16 bits a channel, which OpenCV writes, with an orientation tag."""
    data = cv2.imencode(".png", array[:, :, ::-1] if array.ndim == 3 else array)[1].tobytes()
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    content = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return data[:33] + chunk + data[33:]


STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
"""Orientation tag -> the stored pixels of an upright picture (TIFF 6.0, tag 274)."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")
"""The formats that can have an orientation and a colour profile."""


def _mpo() -> bytes:
    image = PILImage.fromarray(picture())
    return encoded("MPO", image, save_all=True, append_images=[image.rotate(180)])


def _animated(name: str) -> bytes:
    image = PILImage.fromarray(picture())
    return encoded(name, image, save_all=True, append_images=[image.rotate(180)])


def _transparent() -> bytes:
    layer = np.dstack([picture(), np.full((40, 64), 255, np.uint8)])
    return encoded("PNG", layer)


def _low_bits(bits: int) -> np.ndarray:
    return (picture().astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)


def _low_bits_gray(bits: int) -> np.ndarray:
    return (gray_picture().astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)


def _with_profile(name: str) -> bytes:
    """The picture in the numbers of Adobe RGB, with its profile."""
    from PIL import ImageCms

    space = ImageCms.ImageCmsProfile(io.BytesIO(icc.rgb_profile(icc.ADOBE_RGB)))
    srgb = ImageCms.createProfile("sRGB")
    image = ImageCms.profileToProfile(PILImage.fromarray(picture()), srgb, space, outputMode="RGB")
    assert image is not None
    return encoded(name, image, icc_profile=space.tobytes())


def _ranged() -> np.ndarray:
    """The picture in grey with a black and a white pixel: such files state no range."""
    gray = gray_picture()
    gray[0, 0], gray[0, 1] = 0, 255
    return gray


def _separate(array: np.ndarray) -> bytes:
    planes = np.moveaxis(array, 2, 0)
    return tiff(planes, photometric="rgb", planarconfig="separate")


READ = (
    PictureCase(
        "JPEG: baseline, progressive, grey, CMYK, multi-picture (MPO)",
        (
            lambda: encoded("JPEG"),
            lambda: encoded("JPEG", progressive=True),
            lambda: encoded("JPEG", gray_picture()),
            lambda: encoded("JPEG", PILImage.fromarray(picture()).convert("CMYK")),
            _mpo,
        ),
    ),
    PictureCase(
        "PNG: colour, grey, palette, 16 bits, transparency (laid over white)",
        (
            lambda: encoded("PNG"),
            lambda: encoded("PNG", gray_picture()),
            lambda: encoded("PNG", PILImage.fromarray(picture()).quantize(16)),
            lambda: png16(picture().astype(np.uint16) * 257),
            _transparent,
        ),
    ),
    PictureCase(
        "WebP, GIF and animated PNG (the first frame), BMP",
        (
            lambda: encoded("WEBP"),
            lambda: _animated("WEBP"),
            lambda: encoded("GIF"),
            lambda: _animated("GIF"),
            lambda: _animated("PNG"),
            lambda: encoded("BMP"),
        ),
    ),
    PictureCase(
        "TIFF (the first page): 8 and 16 bits, 32 bits and floating point in grey, strips and "
        "tiles, separate planes, LZW and deflate, CMYK",
        (
            tiff,
            lambda: tiff(picture().astype(np.uint16) * 257, photometric="rgb"),
            lambda: tiff(_ranged().astype(np.float32) / 51 - 1),
            lambda: tiff(_ranged().astype(np.uint32) * 1000),
            lambda: tiff(tile=(16, 16)),
            lambda: _separate(picture()),
            lambda: _separate(picture().astype(np.uint16) * 257),
            lambda: encoded("TIFF", compression="tiff_lzw"),
            lambda: encoded("TIFF", compression="tiff_adobe_deflate"),
            lambda: encoded("TIFF", PILImage.fromarray(picture()).convert("CMYK")),
        ),
        within=16,  # of CMYK without a profile
    ),
    PictureCase("HEIC and HEIF", (lambda: encoded("HEIF"),)),
    PictureCase("AVIF", (lambda: encoded("AVIF"),)),
    PictureCase(
        "orientation tags 1 to 8 in JPEG, PNG, WebP, TIFF, HEIC and AVIF: the picture is upright",
        tuple(
            lambda name=name, tag=tag: oriented(name, tag, STORED[tag](picture()).copy())  # type: ignore[misc]
            for name in FORMATS
            for tag in STORED
        ),
    ),
    PictureCase(
        "8, 10, 12 or 14 bits in a 16-bit PNG or TIFF: scaled by the file's MaxSampleValue, or by "
        "the fewest bits that hold the values present",
        (
            *(lambda b=bits: tiff(_low_bits_gray(b)) for bits in (8, 10, 12, 14)),
            *(lambda b=bits: png16(_low_bits_gray(b)) for bits in (8, 10, 12, 14)),
            *(lambda b=bits: tiff(_low_bits(b), photometric="rgb") for bits in (10, 12)),
            *(lambda b=bits: png16(_low_bits(b)) for bits in (10, 12)),
        ),
    ),
    PictureCase(
        "a colour profile (Adobe RGB, Display P3, ProPhoto, CMYK, grey): converted to sRGB",
        tuple(lambda name=name: _with_profile(name) for name in FORMATS),  # type: ignore[misc]
        within=14,
    ),
)
"""Pictures that are read."""

_NO_PICTURE = (
    "This file is not a picture that can be read (JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or TIFF); "
    "save it as JPEG or PNG and try again."
)
_DAMAGED = "This picture is damaged or cut short; save it as JPEG or PNG and try again."


def _other(kind: str) -> str:
    return (
        f"{kind} files cannot be read (only JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or TIFF); save "
        "it as JPEG or PNG and try again."
    )


def _noise(name: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    return encoded(name, noise)


def _claims(width: int, height: int) -> bytes:
    """A PNG of one pixel whose header claims another size."""
    data = encoded("PNG", np.zeros((1, 1), np.uint8))
    header = data[12:16] + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def _large_jpeg() -> bytes:
    """A JPEG of one block whose header claims 20,000 x 15,000 pixels."""
    data = bytearray(encoded("JPEG", np.zeros((8, 8), np.uint8)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 15_000, 20_000)
    return bytes(data)


def _dng() -> bytes:
    return tiff(extratags=[(50706, "B", 4, b"\1\4\0\0", True)])


REFUSED = (
    PictureCase(
        "an empty file",
        (lambda: b"",),
        "This file is empty; choose another one, or save it as JPEG or PNG and try again.",
    ),
    PictureCase(
        "a file cut short",
        tuple(
            lambda name=name: _noise(name)[: len(_noise(name)) // 2]  # type: ignore[misc]
            for name in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF", "AVIF")
        ),
        _DAMAGED,
    ),
    PictureCase("anything else", (lambda: b"hello", lambda: bytes(3000)), _NO_PICTURE),
    PictureCase("a PDF", (lambda: b"%PDF-1.7 ...",), _other("PDF")),
    PictureCase("a Photoshop file", (lambda: b"8BPS\0\1" + bytes(90),), _other("Photoshop")),
    PictureCase("an SVG", (lambda: b"<svg xmlns='x'/>",), _other("SVG")),
    PictureCase(
        "a JPEG 2000 (.jp2)", (lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(90),),
        _other("JPEG 2000"),
    ),
    PictureCase("a JPEG XL (.jxl)", (lambda: b"\xff\x0a" + bytes(90),), _other("JPEG XL")),
    PictureCase(
        "a camera's raw file (DNG, CR2, NEF, ARW)",
        (_dng,),
        "This is a camera's raw file, of which only a small preview could be read; export it as "
        "JPEG and try again.",
    ),
    PictureCase(
        "more than 64 million pixels, other than a JPEG",
        (lambda: _claims(12_000, 9_000),),
        "This picture is too large (12000 x 9000 pixels; the limit is 64 million pixels); make it "
        "smaller or save it as JPEG and try again.",
    ),
    PictureCase(
        "a JPEG of more than 256 million pixels",
        (_large_jpeg,),
        "This picture is too large (20000 x 15000 pixels; the limit is 256 million pixels); make "
        "it smaller and try again.",
    ),
    PictureCase(
        "a TIFF with colours in floating point",
        (lambda: tiff(picture().astype(np.float32), photometric="rgb"),),
        "This TIFF is damaged, or its kind of pixels cannot be read (such as colours in floating "
        "point); save it as JPEG or PNG and try again.",
    ),
    PictureCase(
        "colour of 10, 12 or 14 bits in the separate planes of a 16-bit TIFF",
        (lambda: _separate(_low_bits(12)), lambda: _separate(_low_bits(14))),
        "This picture has less than 16 bits in a 16-bit file, which cannot be read in its form; "
        "save it with 8 bits as PNG and try again.",
    ),
)  # fmt: skip
"""Pictures that are refused."""
