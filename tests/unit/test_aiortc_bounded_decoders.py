"""A camera cannot make the server decode pictures larger than Full HD."""

from pathlib import Path

import av
import numpy as np
import pytest
from aiortc import codecs
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from emotion.live.aiortc_patches.bounded_decoders import install_bounded_decoders
from emotion.live.aiortc_patches.keyframes import vp8_keyframe_size

PARAMETERS = {
    "vp8": RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96),
    "h264": RTCRtpCodecParameters(mimeType="video/H264", clockRate=90000, payloadType=97),
}
ENCODERS = {
    "vp8": ("libvpx", {"deadline": "realtime"}),
    "h264": ("libx264", {"tune": "zerolatency"}),
}


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Vp8Decoder", "H264Decoder"):
        monkeypatch.setattr(codecs, name, getattr(codecs, name))
    install_bounded_decoders()


def encoded(codec: str, width: int, height: int, count: int = 2) -> list[bytes]:
    name, options = ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.options = options
    encoder.bit_rate = 1_000_000
    pictures = np.random.default_rng(0).integers(0, 255, (count, 8, 8, 3), np.uint8)
    packets = []
    for index, pixels in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = frame.reformat(width, height, "yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in [*packets, *encoder.encode(None)]]


def sizes(codec: str, *frames: bytes) -> list[tuple[int, int]]:
    decoder = get_decoder(PARAMETERS[codec])
    found = []
    for index, data in enumerate(frames):
        try:
            pictures = decoder.decode(JitterFrame(data, timestamp=3000 * index))
        except av.FFmpegError:  # what aiortc's thread expects of a bad frame
            continue
        found += [(p.width, p.height) for p in pictures if isinstance(p, av.VideoFrame)]
    return found


@pytest.mark.parametrize("codec", ["vp8", "h264"])
@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (1080, 1920)])
def test_what_cameras_send_is_decoded(codec: str, size: tuple[int, int]) -> None:
    assert set(sizes(codec, *encoded(codec, *size, count=4))) == {size}


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_a_larger_picture_is_refused_and_a_smaller_one_decoded_again(codec: str) -> None:
    large, small = encoded(codec, 2560, 1440), encoded(codec, 320, 240)
    assert sizes(codec, *large) == []
    assert set(sizes(codec, *small, *large, *small)) == {(320, 240)}


def test_a_keyframe_that_claims_a_huge_picture_takes_no_memory() -> None:
    keyframe = bytearray(encoded("vp8", 64, 64, count=1)[0])
    assert vp8_keyframe_size(bytes(keyframe)) == (64, 64)
    keyframe[6:10] = (16383).to_bytes(2, "little") * 2
    assert vp8_keyframe_size(bytes(keyframe)) == (16383, 16383)
    assert vp8_keyframe_size(bytes(keyframe[:9])) is None
    before = resident_mb()
    assert sizes("vp8", *[bytes(keyframe)] * 3) == []
    assert resident_mb() - before < 50


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000
