"""Colours of clips: HDR as the ordinary picture it was made from, and tags that players obey."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from emotion.types import Image
from emotion.video.colors import BT601, BT709, BT2020, HLG, P3_D65, PQ, ColorSpace
from emotion.video.hdr import PEAK_NITS, REFERENCE_WHITE_NITS
from emotion.video.reader import read_frames
from emotion.video.rgb import RgbConverter
from tests.clips import QUICK, encode
from tests.unit.test_video_render import film

PATCHES = [
    (0, 0, 0), (64, 64, 64), (128, 128, 128), (200, 200, 200), (200, 150, 120), (90, 60, 40),
    (180, 30, 30), (40, 60, 160), (30, 120, 60), (220, 190, 60),
]  # fmt: skip
"""Colours below the knee of the tone mapping, skin among them."""

BT709_TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])


def patches(height: int, width: int) -> Image:
    """The colours side by side."""
    columns = np.arange(width) * len(PATCHES) // width
    return np.ascontiguousarray(
        np.broadcast_to(np.array(PATCHES, np.uint8)[columns], (height, width, 3))
    )


def middles(image: Image) -> np.ndarray:
    """The colours in the middles of the patches, int (N, 3)."""
    height, width = image.shape[:2]
    columns = ((np.arange(len(PATCHES)) + 0.5) * width / len(PATCHES)).astype(int)
    return np.asarray(image[height // 2, columns], int)


def light_of(image: Image) -> np.ndarray:
    """Linear light of an sRGB image, 0..1."""
    level = image / 255
    return np.asarray(np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4))


def pq(nits: np.ndarray) -> np.ndarray:
    """The PQ signal, 0..1 (SMPTE ST 2084)."""
    power = (nits / 10_000) ** (2610 / 16384)
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    return np.asarray(((c1 + c2 * power) / (1 + c3 * power)) ** (2523 / 32))


def hlg(nits: np.ndarray) -> np.ndarray:
    """The HLG signal, 0..1, that a display of 1,000 cd/m2 shows at this brightness (BT.2100)."""
    display = nits / PEAK_NITS
    luma = np.maximum(display @ BT2020_LUMA, 1e-9)[..., None]
    scene = display * luma ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright))


def hdr_clip(image: Image, transfer: int, white_nits: float = REFERENCE_WHITE_NITS) -> bytes:
    """A 10-bit HDR clip of the picture, whose white is as bright as that."""
    nits = light_of(image) @ BT709_TO_BT2020.T * white_nits
    signal = np.clip(pq(nits) if transfer == PQ else hlg(nits), 0, 1)
    deep = (signal * 65535).round().astype(np.uint16)
    return encode(
        range(3), container="matroska", codec="ffv1", pictures=[deep] * 3,
        size=(image.shape[1], image.shape[0]), pix_fmt="yuv444p10le",
        colors=ColorSpace(matrix=BT2020, primaries=BT2020, transfer=transfer),
    )  # fmt: skip


def first(data: bytes) -> Image:
    return next(read_frames(io.BytesIO(data)))[2]


def stated(data: bytes) -> ColorSpace:
    """What the file and its first frame state, without any assumption."""
    with av.open(io.BytesIO(data), "r") as opened:
        stream = opened.streams.video[0]
        frame = next(opened.decode(stream))
        both = [
            ColorSpace(
                matrix=each.colorspace,
                primaries=each.color_primaries,
                transfer=each.color_trc,
                full_range=each.color_range == 2,
            )
            for each in (stream.codec_context, frame)
        ]
    assert both[0] == both[1]
    return both[0]


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_seen_as_the_picture_it_shows(transfer: int) -> None:
    image = patches(48, 320)
    data = hdr_clip(image, transfer)
    assert np.abs(middles(first(data)) - PATCHES).max() <= 3
    drawn = film(data)
    assert stated(drawn) == ColorSpace(matrix=BT709), "it is an ordinary video now"
    assert np.abs(middles(first(drawn)) - PATCHES).max() <= 8


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_compressed_in_their_order(transfer: int) -> None:
    shades = np.repeat(np.arange(16, 256, 8, dtype=np.uint8), 4)
    ramp = np.ascontiguousarray(np.broadcast_to(shades[None, :, None], (16, len(shades), 3)))
    levels = first(hdr_clip(ramp, transfer, white_nits=PEAK_NITS))[8, 2::4].astype(int)
    assert (np.diff(levels.mean(axis=1)) >= 0).all()
    assert len(np.unique(levels[levels.mean(axis=1) > 235])) >= 8, "not cut off"
    assert levels[-1].min() > 250
    assert np.ptp(levels, axis=1).max() <= 2, "grey stays grey"
    ordinary = first(hdr_clip(ramp, transfer))[8, 2::4]
    assert 235 <= ordinary[-1].min() <= 248, "white paper is nearly white"


@pytest.mark.parametrize(
    ("size", "said", "written"),
    [
        ((1280, 720), None, ColorSpace(matrix=BT709)),
        ((320, 240), None, ColorSpace(matrix=BT601)),
        ((320, 240), ColorSpace(matrix=BT709), ColorSpace(matrix=BT709)),
        ((1280, 720), ColorSpace(matrix=5, primaries=5, transfer=6), None),
        ((320, 240), ColorSpace(matrix=BT709, primaries=P3_D65), None),
        ((320, 240), ColorSpace(matrix=BT709, full_range=True), None),
        ((320, 240), ColorSpace(matrix=BT2020, primaries=BT2020, transfer=14), None),
    ],
)
def test_an_annotated_video_states_its_colours_and_keeps_the_clips(
    size: tuple[int, int], said: ColorSpace | None, written: ColorSpace | None
) -> None:
    image = patches(size[1], size[0])
    # Nothing stated: the numbers are those that players assume for the size.
    assumed = said or ColorSpace.of_size(size[1], size[0])
    data = encode(
        range(2), codec="libx264", size=size, pictures=[image] * 2, colors=assumed,
        options={"preset": "ultrafast", "qp": "4"},
    )  # fmt: skip
    if said is None:
        data = without_colors(data)
        assert stated(data).matrix == 2
    assert np.abs(middles(first(data)) - PATCHES).max() <= 4, "read as players show it"
    drawn = film(data)
    assert stated(drawn) == (written or said)
    assert np.abs(middles(first(drawn)) - PATCHES).max() <= 8


def without_colors(data: bytes) -> bytes:
    """The same numbers, with nothing said about them."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(buffer, "w", format="mp4") as out:
        before = source.streams.video[0]
        stream = out.add_stream("libx264", rate=30, options={**QUICK, "qp": "4"})
        stream.width, stream.height, stream.pix_fmt = before.width, before.height, "yuv420p"
        for index, frame in enumerate(source.decode(before)):
            frame.colorspace = frame.color_primaries = frame.color_trc = 2
            frame.color_range = 0
            frame.pts, frame.time_base = index, Fraction(1, 30)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def test_a_small_copy_of_a_large_clip_has_its_colours() -> None:
    image = patches(720, 1280)
    data = encode(
        range(2), codec="libx264", size=(1280, 720), pictures=[image] * 2, options=QUICK,
        colors=ColorSpace(matrix=BT709),
    )  # fmt: skip
    drawn = film(data, max_side=320)
    assert stated(drawn) == ColorSpace(matrix=BT709)
    assert np.abs(middles(first(drawn)) - PATCHES).max() <= 8


@pytest.mark.parametrize("number", [0, 2, 3, 10, 14, 99])
def test_numbers_that_say_nothing_are_replaced_by_what_players_assume(number: int) -> None:
    image = av.VideoFrame.from_ndarray(patches(48, 320), format="rgb24")
    frame = image.reformat(format="yuv420p")
    frame.colorspace = number
    frame.color_primaries = frame.color_trc = number if number in (0, 3, 99) else 2
    assert ColorSpace.of_frame(frame) == ColorSpace(matrix=BT601)
    assert np.abs(middles(RgbConverter()(frame)) - PATCHES).max() <= 4


def test_pictures_with_a_palette_keep_their_colours() -> None:
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(PATCHES), 1:], palette[:, 0] = PATCHES, 255  # ARGB
    columns = (np.arange(320) * len(PATCHES) // 320).astype(np.uint8)
    indices = np.ascontiguousarray(np.broadcast_to(columns, (48, 320)))
    frame = av.VideoFrame.from_ndarray((indices, palette), format="pal8")  # type: ignore[arg-type]
    assert np.array_equal(middles(RgbConverter()(frame)), PATCHES)
