"""Our VP8 encoder beside aiortc's own."""

from __future__ import annotations

import inspect
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters, codecs
from aiortc.codecs import vpx

from emotion.live import aiortc_encoder as ours


def noisy_frames(count: int, *, width: int = 160) -> list[av.VideoFrame]:
    """A grey picture with new noise in each frame."""
    random = np.random.default_rng(0)
    frames = []
    for index in range(count):
        picture = random.normal(128, 6, (120, width, 1)).repeat(3, axis=2)
        frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="rgb24")
        frame.pts, frame.time_base = 3000 * index, Fraction(1, 90_000)
        frames.append(frame)
    return frames


def test_the_option_is_changed_before_the_codec_opens() -> None:
    encoder = ours.PlainVp8Encoder()
    asked = {ours.OPTION: "4", "deadline": "realtime"}
    encoder.codec = SimpleNamespace(is_open=False, options=asked)
    assert encoder.codec.options == {ours.OPTION: "0", "deadline": "realtime"}
    # Fails when a later aiortc asks for something else.
    assert f'"{ours.OPTION}": "4"' in inspect.getsource(vpx.Vp8Encoder.encode)


def test_it_encodes_frames_of_any_size_and_otherwise_than_aiortc() -> None:
    plain, theirs = ours.PlainVp8Encoder(), vpx.Vp8Encoder()
    differ = 0
    for frame in noisy_frames(8) + noisy_frames(2, width=96):
        payloads, timestamp = plain.encode(frame)
        assert frame.pts is not None
        assert abs(timestamp - frame.pts) <= 1  # it goes over floats
        assert (plain.codec.is_open, plain.codec.width) == (True, frame.width)
        differ += b"".join(payloads) != b"".join(theirs.encode(frame)[0])
    assert differ >= 5


def test_a_connection_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "Vp8Encoder", vpx.Vp8Encoder)
    ours.encode_plainly()
    vp8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=97)
    assert isinstance(codecs.get_encoder(vp8), ours.PlainVp8Encoder)
