"""Which files are pictures that are read: their formats, endings and first bytes.

Importing this module loads Pillow's plugins of these formats and no other. Stateless.
"""

from __future__ import annotations

from functools import lru_cache

# Imported one by one: Pillow would otherwise load every plugin it has to find AVIF, TIFF and WebP.
from PIL import (  # noqa: F401
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as PILImage

IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".jfi", ".pjpeg", ".pjp", ".mpo",
    ".png", ".apng", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff",
    ".avif", ".avifs", ".heic", ".heif", ".heics", ".heifs", ".hif",
)  # fmt: skip
"""File name endings, lower case, that are taken for images without a look at their content."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF")
"""The formats that are read, by Pillow's names; JPEG includes MPO. Everything else is refused."""

FORMAT_NAMES = "JPEG, PNG, WebP, HEIC, AVIF, BMP, GIF or TIFF"
"""The formats that are read, as messages name them."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
HELP = "save it as JPEG or PNG and try again"
_NO_PICTURE = f"This file is not a picture that can be read ({FORMAT_NAMES}); {HELP}."


def restrict_pillow() -> None:
    """Makes Pillow refuse, in all of this process, formats that ``read_image`` refuses.

    Pillow tries all its plugins by default, among them one that runs Ghostscript on what has the
    header of an EPS file. A second call does nothing.
    """
    from PIL import EpsImagePlugin  # its import registers it

    PILImage.init()  # now, or Pillow would load the other plugins later
    for name in set(PILImage.ID) - set(FORMATS):
        PILImage.ID.remove(name)
        PILImage.OPEN.pop(name, None)
    EpsImagePlugin.gs_binary = False


def format_of(start: bytes) -> str | None:
    """The one of ``FORMATS`` that a file is, by its first bytes; None for any other."""
    if _is_heif(start):
        _register_heif()
        return "HEIF"
    for name in FORMATS[:-1]:
        accept = PILImage.OPEN[name][1]
        if accept is not None and accept(start[:16]):
            return name
    return None


def _is_heif(start: bytes) -> bool:
    """Whether a file is of the HEIF family and not AVIF, which Pillow reads itself."""
    if start[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[at : at + 4] for at in range(8, end, 4)}
    return not brands & {b"avif", b"avis"} and bool(brands & _HEIF_BRANDS)


@lru_cache(maxsize=1)
def _register_heif() -> None:
    """Adds HEIC to Pillow's formats, when the first such file comes: the library is 30 MB."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def other_format(start: bytes) -> str:
    """What to say of a file of none of the formats, by its first bytes."""
    others = (
        (b"%PDF", "PDF"), (b"8BPS", "Photoshop"), (b"<svg", "SVG"), (b"<?xml", "SVG or XML"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000"), (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"\xff\x0a", "JPEG XL"),
        (b"\0\x05\x16\x07", "AppleDouble"), (b"FUJIFILMCCD-RAW", "Camera raw"),
        (b"\0\0\0\x18ftypcrx", "Camera raw"),
    )  # fmt: skip
    kind = next((name for magic, name in others if start.startswith(magic)), None)
    if kind is None:
        return _NO_PICTURE
    return f"{kind} files cannot be read (only {FORMAT_NAMES}); {HELP}."


def is_raw(picture: PILImage.Image, start: bytes) -> bool:
    """Whether it is a raw file of a camera: a TIFF that begins with a preview, or a DNG."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    new_subfile, dng_version, color_filter = 254, 50706, 32803
    tags = picture.tag_v2
    return (
        start[8:10] == b"CR"
        or dng_version in tags
        or tags.get(262) == color_filter
        or bool(tags.get(new_subfile, 0) & 1 and 330 in tags)
    )
