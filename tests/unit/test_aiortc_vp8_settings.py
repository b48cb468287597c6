"""The tuned VP8 encoder, compared with aiortc's."""

from __future__ import annotations

import inspect
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters, codecs
from aiortc.codecs import vpx
from aiortc.jitterbuffer import JitterFrame

from emotion.live.aiortc_patches import vp8_settings as ours


def noisy_frames(count: int, *, width: int = 160) -> list[av.VideoFrame]:
    """Grey frames with new noise in each."""
    random = np.random.default_rng(0)
    frames = []
    for index in range(count):
        picture = random.normal(128, 6, (120, width, 1)).repeat(3, axis=2)
        frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="rgb24")
        frame.pts, frame.time_base = 3000 * index, Fraction(1, 90_000)
        frames.append(frame)
    return frames


def test_the_options_are_changed_before_the_codec_opens() -> None:
    encoder = ours.TunedVp8Encoder()
    theirs = {"noise-sensitivity": "4", "cpu-used": "-6", "static-thresh": "1"}
    encoder.codec = SimpleNamespace(is_open=False, options={**theirs, "deadline": "realtime"})
    assert encoder.codec.options == {**ours.OPTIONS, "deadline": "realtime"}
    assert theirs.keys() == ours.OPTIONS.keys()
    # Fails when a later aiortc sets other options.
    source = inspect.getsource(vpx.Vp8Encoder.encode)
    for name, value in theirs.items():
        assert f'"{name}": "{value}"' in source


def squared_errors(encoder: vpx.Vp8Encoder, frames: list[av.VideoFrame]) -> list[float]:
    """Mean squared error of each frame's brightness after encoding and decoding."""
    decoder = vpx.Vp8Decoder()
    errors = []
    for frame in frames:
        payloads, timestamp = encoder.encode(frame)
        data = b"".join(vpx.vp8_depayload(payload) for payload in payloads)
        (seen,) = decoder.decode(JitterFrame(data=data, timestamp=timestamp))
        assert isinstance(seen, av.VideoFrame)
        rows = slice(frame.height)
        wanted = frame.reformat(format="yuv420p").to_ndarray()[rows].astype(float)
        errors.append(float(np.mean((seen.to_ndarray()[rows] - wanted) ** 2)))
    return errors


def test_the_error_of_skipped_blocks_does_not_accumulate() -> None:
    # Brightness that changes by less than a step per frame: blocks that are skipped must not stay.
    frames = []
    for index in range(60):
        picture = np.full((120, 160, 3), 60 + index // 2, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = 3000 * index, Fraction(1, 90_000)
        frames.append(frame)
    assert max(squared_errors(ours.TunedVp8Encoder(), frames)) < 6.25


def test_it_encodes_frames_of_any_size_differently_from_aiortc() -> None:
    plain, theirs = ours.TunedVp8Encoder(), vpx.Vp8Encoder()
    differ = 0
    for frame in noisy_frames(8) + noisy_frames(2, width=96):
        payloads, timestamp = plain.encode(frame)
        assert frame.pts is not None
        assert abs(timestamp - frame.pts) <= 1  # converted through floats
        assert (plain.codec.is_open, plain.codec.width) == (True, frame.width)
        differ += b"".join(payloads) != b"".join(theirs.encode(frame)[0])
    assert differ >= 5


def test_a_connection_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "Vp8Encoder", vpx.Vp8Encoder)
    ours.install_vp8_settings()
    vp8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=97)
    assert isinstance(codecs.get_encoder(vp8), ours.TunedVp8Encoder)
