"""Decoding images: every format, every orientation, every kind of damage."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

import emotion
from emotion.errors import ImageError
from emotion.imaging import files as images
from emotion.imaging.files import encode_image, read_image


def file_of(array: np.ndarray, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    PILImage.fromarray(array).save(buffer, name, **options)
    return buffer.getvalue()


@pytest.fixture
def picture() -> np.ndarray:
    """40 x 60, left half red, lower right quarter blue: no symmetry hides a turn."""
    array = np.full((40, 60, 3), 255, np.uint8)
    array[:, :30] = (200, 30, 30)
    array[20:, 30:] = (30, 30, 200)
    return array


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_format_reads_as_rgb(picture: np.ndarray, name: str) -> None:
    found = read_image(file_of(picture, name))
    assert found.dtype == np.uint8
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture)[5:15, 5:25].max() < 30


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (6, lambda a: np.rot90(a, -1)),
        (8, lambda a: np.rot90(a)),
    ],
)
def test_exif_orientation_is_applied(picture: np.ndarray, orientation: int, turned) -> None:  # type: ignore[no-untyped-def]
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    found = read_image(file_of(picture, "PNG", exif=exif))
    np.testing.assert_array_equal(found, turned(picture))


def test_an_odd_exif_tag_does_not_cost_the_picture(picture: np.ndarray) -> None:
    exif = PILImage.Exif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0  # the resolution, a fraction
    data = bytearray(file_of(picture, "JPEG", exif=exif))
    entry = data.index(b"\x01\x1a\x00\x05") + 3
    data[entry] = 0x0D  # its type becomes one that does not exist
    assert read_image(bytes(data)).shape in ((60, 40, 3), (40, 60, 3))


def test_float_pictures_are_stretched() -> None:
    array = np.array([[-1.0, 0.0, np.nan, 3.0]], np.float32)
    found = read_image(file_of(array, "TIFF"))
    assert found[0, :, 0].tolist() == [0, 63, 63, 255]


def test_gif_gives_its_first_frame() -> None:
    frames = [PILImage.new("RGB", (8, 8), color) for color in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert read_image(buffer.getvalue())[0, 0].tolist() == [255, 0, 0]


def test_transparency_is_laid_over_white() -> None:
    array = np.zeros((4, 4, 4), np.uint8)
    array[:2] = (10, 20, 30, 255)
    found = read_image(file_of(array, "PNG"))
    assert found[0, 0].tolist() == [10, 20, 30]
    assert found[3, 3].tolist() == [255, 255, 255]


def test_sixteen_bit_gray_keeps_its_range() -> None:
    array = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    found = read_image(file_of(array, "PNG"))
    assert found[0, :, 0].tolist() == [0, 0x80, 0xFF]
    assert found.shape == (1, 3, 3)


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_bilevel_and_palette_read(name: str) -> None:
    bilevel = PILImage.new("1", (5, 4), 1)
    buffer = io.BytesIO()
    bilevel.save(buffer, name)
    assert read_image(buffer.getvalue()).min() == 255


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"%PDF-1.7 ...", bytes(3000)],
)
def test_garbage_gives_one_sentence(data: bytes) -> None:
    with pytest.raises(emotion.EmotionError) as caught:
        read_image(data)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 200


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_truncated_files_give_one_sentence(name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = file_of(noise, name)
    with pytest.raises(emotion.EmotionError, match=r"damaged|not a picture"):
        read_image(data[: len(data) // 2])


def test_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 99)
    data = file_of(np.zeros((10, 10, 3), np.uint8), "PNG")
    with pytest.raises(emotion.EmotionError, match=r"too large \(10 x 10"):
        read_image(data)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    header = file_of(np.zeros((1, 1), np.uint8), "PNG")
    side = (40_000).to_bytes(4, "big")
    ihdr = header[12:16] + side + side + header[24:29]
    import zlib

    bomb = header[:12] + ihdr + zlib.crc32(ihdr).to_bytes(4, "big") + header[33:]
    with pytest.raises(emotion.EmotionError, match="too large"):
        read_image(bomb)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), keep=st.integers(0, 400))
def test_no_bytes_raise_anything_else(data: bytes, keep: int) -> None:
    start = file_of(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), "JPEG")[:keep]
    try:
        found = read_image(start + data)
    except emotion.EmotionError:
        return
    assert found.ndim == 3


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_encoding_reads_back(picture: np.ndarray, suffix: str) -> None:
    np.testing.assert_array_equal(read_image(encode_image(picture, suffix=suffix)), picture)


def test_encoding_refuses_other_suffixes(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected an image suffix"):
        encode_image(picture, suffix=".doc")


def test_an_image_is_read_from_bytes_a_path_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    PILImage.fromarray(pixels).save(path)
    np.testing.assert_array_equal(read_image(path.read_bytes()), pixels)
    np.testing.assert_array_equal(read_image(str(path)), pixels)
    np.testing.assert_array_equal(read_image(path), pixels)
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_image(file), pixels)
    np.testing.assert_array_equal(read_image(io.BytesIO(path.read_bytes())), pixels)
    with pytest.raises(ImageError, match="no such file"):
        read_image(tmp_path / "missing.png")
    with path.open(encoding="latin-1") as text, pytest.raises(ValueError, match="binary mode"):
        read_image(text)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got ndarray"):
        read_image(pixels)  # type: ignore[arg-type]
