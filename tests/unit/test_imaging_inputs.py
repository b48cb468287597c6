"""What cameras, scanners and phones write: orientation, depth, planes, colour, size, formats."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as PILImage

from emotion.errors import ImageError, ImageTooLargeError
from emotion.imaging import files
from emotion.imaging.files import is_picture, read_image, read_photo
from emotion.types import Face
from tests import icc, picture_cases
from tests.picture_cases import FORMATS, STORED, assert_close, encoded, oriented, png16, tiff


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """What a viewer shows of stored pixels with this orientation tag."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)  # the others are their own inverses
    return STORED[inverse](array)


@pytest.fixture
def picture() -> np.ndarray:
    return picture_cases.picture()


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_upright_in_every_orientation(
    picture: np.ndarray, name: str, orientation: int
) -> None:
    found = read_image(oriented(name, orientation, picture))
    assert_close(found, turned(picture, orientation))


@pytest.mark.parametrize("orientation", sorted(STORED))
def test_a_compressed_tiff_is_upright(picture: np.ndarray, orientation: int) -> None:
    tags = [(274, "H", 1, orientation, True)]
    found = read_image(tiff(picture, compression="deflate", extratags=tags))
    np.testing.assert_array_equal(found, turned(picture, orientation))


@pytest.mark.parametrize("orientation", sorted(STORED))
def test_a_tiff_that_states_its_orientation_twice_is_turned_once(
    picture: np.ndarray, orientation: int
) -> None:
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="{orientation}"/></x:xmpmeta>'
    tags = [(274, "H", 1, orientation, True), (700, "B", len(xmp), xmp.encode(), True)]
    np.testing.assert_array_equal(
        read_image(tiff(picture, extratags=tags)), turned(picture, orientation)
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("make", [tiff, lambda a: encoded("PNG", a)], ids=["TIFF", "PNG"])
def test_gray_of_fewer_bits_in_a_16_bit_file_keeps_its_brightness(
    make: Callable[[np.ndarray], bytes], bits: int
) -> None:
    gray8 = np.tile(np.arange(256), (4, 1))
    found = read_image(make((gray8 * ((1 << bits) - 1) // 255).astype(np.uint16)))
    assert np.abs(found[..., 0].astype(int) - gray8).max() <= 1
    assert found.shape == (4, 256, 3)


def test_gray_is_scaled_by_the_value_that_the_file_states_for_white() -> None:
    values = np.array([[0, 500, 1000, 2000]], np.uint16)
    found = read_image(tiff(values, extratags=[(281, "H", 1, 3000, True)]))
    assert found[0, :, 0].tolist() == [0, 43, 85, 170]
    # A smaller value than one that is present cannot be that of white.
    found = read_image(tiff(values, extratags=[(281, "H", 1, 255, True)]))
    assert found[0, :, 0].tolist() == [0, 31, 62, 125]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_white_is_zero_is_inverted(kind: type[np.unsignedinteger]) -> None:
    whole = np.iinfo(kind).max
    values = np.array([[0, whole // 2, whole]], kind)
    found = read_image(tiff(values, photometric="miniswhite"))
    assert found[0, :, 0].tolist() == [255, 128, 0]


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_layout_of_a_color_tiff_is_read_alike(
    picture: np.ndarray,
    byteorder: str,
    compression: str | None,
    planes: str,
    kind: type[np.unsignedinteger],
    alpha: bool,
) -> None:
    opaque = np.full((*picture.shape[:2], 1), 255, np.uint8)
    array = np.concatenate([picture, opaque], axis=2) if alpha else picture
    array = array.astype(kind) * (257 if kind == np.uint16 else 1)
    if planes == "separate":
        array = np.moveaxis(array, 2, 0)
    found = read_image(
        tiff(
            array.astype(kind), photometric="rgb", planarconfig=planes, rowsperstrip=7,
            compression=compression, byteorder=byteorder,
            extrasamples=["unassalpha"] if alpha else None,
        )
    )  # fmt: skip
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_color_of_12_bits_in_a_16_bit_file_keeps_its_brightness(
    picture: np.ndarray, name: str, orientation: int
) -> None:
    deep = picture.astype(np.uint16) * 16
    if name == "TIFF":
        data = tiff(deep, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    else:
        data = png16(deep, orientation)
    assert_close(read_image(data), turned(picture, orientation), within=1)


def test_color_of_12_bits_in_separate_planes_is_refused_in_a_sentence(picture: np.ndarray) -> None:
    planes = np.moveaxis(picture.astype(np.uint16) * 16, 2, 0)
    with pytest.raises(ImageError, match=r"less than 16 bits in a 16-bit file.*save it with 8"):
        read_image(tiff(planes, photometric="rgb", planarconfig="separate"))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("space", "off"), [(icc.ADOBE_RGB, 9), (icc.PRO_PHOTO, 20)])
def test_colors_are_converted_to_srgb(name: str, space: icc.Space, off: int) -> None:
    skin = np.full((32, 32, 3), (200, 150, 120), np.uint8)
    profile = icc.rgb_profile(space)
    found = read_image(encoded(name, skin, icc_profile=profile))[16, 16].astype(int)
    assert np.abs(found - in_srgb(skin[0, 0], space)).max() <= 3
    assert np.abs(found - skin[0, 0]).max() >= off  # it is far from what the file's numbers are


def in_srgb(color: np.ndarray, space: icc.Space) -> np.ndarray:
    """The colour by the spaces' definitions, in NumPy (Lindbloom's D50 matrix of sRGB)."""
    xyz = (color / 255) ** space.gamma @ np.array(space.xyz)
    to_linear = np.array([
        [3.1338561, -0.9787684, 0.0719453],
        [-1.6168667, 1.9161415, -0.2289914],
        [-0.4906146, 0.0334540, 1.4052427],
    ])  # fmt: skip
    linear = np.clip(xyz @ to_linear, 0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(curve * 255))


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_a_cmyk_picture_is_converted_by_its_profile(name: str) -> None:
    buffer = io.BytesIO()
    inks = PILImage.new("CMYK", (16, 16), (0, 0, 0, 255))
    inks.save(buffer, name, icc_profile=icc.cmyk_profile())
    found = read_image(buffer.getvalue())[8, 8].astype(int)
    # All of one ink leaves L = 50, which is 119 in sRGB; without the profile it would be black.
    assert np.abs(found - 119).max() <= 2


def test_a_gray_profile_is_applied_and_others_do_no_harm(picture: np.ndarray) -> None:
    gray = np.full((8, 8), 128, np.uint8)
    found = read_image(encoded("PNG", gray, icc_profile=icc.gray_profile(1.0)))[4, 4]
    assert np.abs(found.astype(int) - 188).max() <= 1  # half the light is 188 in sRGB
    for profile in (b"no profile" * 20, icc.cmyk_profile(), icc.gray_profile(1.0), b""):
        data = encoded("PNG", picture, icc_profile=profile)
        np.testing.assert_array_equal(read_image(data), picture)
    data = encoded("PNG", gray, icc_profile=icc.rgb_profile(icc.PRO_PHOTO))
    assert read_image(data).shape == (8, 8, 3)


def test_srgb_pictures_keep_their_values(picture: np.ndarray) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = read_image(encoded("PNG", picture, icc_profile=profile))
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_known_by_its_content(picture: np.ndarray, name: str, tmp_path: Path) -> None:
    for wrong in ("photo.jpg", "photo.png", "photo", "photo.txt"):
        path = tmp_path / wrong
        path.write_bytes(encoded(name, picture))
        assert_close(read_image(path), picture)
        assert is_picture(path)
    path.write_text("notes")
    assert not is_picture(path)
    assert not is_picture(tmp_path / "gone.jpg")


def large_jpeg(width: int, height: int, **options: object) -> tuple[bytes, np.ndarray]:
    """A smooth picture of this size with a bright spot, as JPEG and as an array."""
    array = np.full((height, width, 3), (60, 90, 120), np.uint8)
    array[height // 2 : height // 2 + height // 8, width // 4 : width // 4 + width // 8] = 250
    return encoded("JPEG", array, **options), array


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_above_the_limit_is_decoded_reduced(
    monkeypatch: pytest.MonkeyPatch, progressive: bool
) -> None:
    data, array = large_jpeg(800, 600, progressive=progressive)
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "0.2")
    photo = read_photo(data)
    assert photo.image.shape == (300, 400, 3)
    assert (photo.width, photo.height) == (800, 600)
    assert_close(photo.image, array[::2, ::2])
    assert read_image(data).shape == (600, 800, 3)  # it promises the file's own pixels
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "0.119999")
    with pytest.raises(ImageTooLargeError, match=r"800 x 600 pixels; the limit is 0\.479996 mill"):
        read_photo(data)
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "0.48")
    assert read_photo(data).image.shape == (600, 800, 3)


def test_a_reduced_photo_is_upright_and_gives_boxes_in_pixels_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exif = PILImage.Exif()
    exif[0x0112] = 6
    data, array = large_jpeg(803, 601, exif=exif)
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "0.2")
    photo = read_photo(data)
    assert (photo.width, photo.height) == (601, 803)
    assert photo.image.shape == (402, 301, 3)
    rows, columns = np.nonzero(photo.image[..., 0] > 200)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
    flat = np.full(7, 1 / 7, np.float32)
    face = Face(xyxy=box, score=0.9, landmarks=box.reshape(2, 2), probabilities=flat)
    (scaled,) = photo.in_file_pixels([face])
    rows, columns = np.nonzero(turned(array, 6)[..., 0] > 200)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert scaled.xyxy == pytest.approx(expected, abs=3)
    assert scaled.landmarks == pytest.approx(np.reshape(expected, (2, 2)), abs=3)
    assert scaled.score == face.score
    (back,) = photo.in_image_pixels([scaled])
    assert back.xyxy == pytest.approx(face.xyxy, abs=0.01)


def test_other_formats_above_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "0.001")
    for name in ("PNG", "TIFF", "WEBP", "AVIF", "HEIF"):
        data = encoded(name, np.zeros((40, 40, 3), np.uint8))
        with pytest.raises(ImageTooLargeError, match=r"40 x 40 pixels; the limit is 0\.001"):
            read_photo(data)
    monkeypatch.setenv(files.MAX_PIXELS_VARIABLE, "many")
    with pytest.raises(ImageError, match="EMOTION_MAX_MEGAPIXELS is 'many'; set it to a number"):
        read_photo(data)


def test_a_photo_of_200_megapixels_is_decoded_in_bounded_memory(tmp_path: Path) -> None:
    """The largest that phones write, more than Pillow itself opens; whole it would take 1.4 GB."""
    path = tmp_path / "large.jpg"
    PILImage.new("RGB", (16320, 12240), (90, 90, 90)).save(path, quality=30)
    code = (
        "import resource, sys\n"
        "from emotion.imaging.files import read_photo\n"
        "def peak_mb(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak_mb()\n"
        "photo = read_photo(sys.argv[1])\n"
        "print(*photo.image.shape, photo.width, photo.height, peak_mb() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    *sizes, used_mb = map(float, done.stdout.split())
    assert sizes == [6120, 8160, 3, 16320, 12240]
    assert used_mb < 450  # 50 million pixels, once in Pillow's four bytes and once in RGB


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"<svg xmlns=", "SVG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a\0\0", "JPEG XL"),
    ],
)
def test_another_kind_of_file_is_named(start: bytes, kind: str) -> None:
    with pytest.raises(
        ImageError, match=f"^{kind} files cannot be read .only JPEG, PNG.*save it as"
    ):
        read_image(start + bytes(200))


def test_the_preview_of_a_raw_file_is_not_taken_for_the_photo(picture: np.ndarray) -> None:
    dng = tiff(picture, extratags=[(50706, "B", 4, b"\1\4\0\0", True)])
    nef = io.BytesIO()
    with tifffile.TiffWriter(nef) as writer:
        writer.write(picture, subfiletype=1, subifds=1)
        writer.write(np.tile(picture, (4, 4, 1)))
    for data in (dng, nef.getvalue()):
        with pytest.raises(ImageError, match=r"camera's raw file.*export it as JPEG"):
            read_image(data)


def test_pictures_are_opened_in_one_place() -> None:
    """Every reader, data sets included, has the same orientation, range and colours."""
    package = Path(files.__file__).parents[1]
    own = {
        "imaging/files.py",
        "imaging/pixels.py",
        "training/common/degradations.py",  # decodes what it has just encoded
    }
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"(imread|imdecode|Image\.open)\b", path.read_text(encoding="utf-8"))
    }
    assert found == own
