"""The annotated video in each codec that can be chosen."""

import contextlib
import io

import av
import numpy as np
import pytest

from emotion.errors import VideoError
from emotion.video.codec import CODEC_VARIABLE
from emotion.video.writer import ClipWriter
from tests.clips import picture

FRAMES = 12


def written(size: tuple[int, int] | None = None) -> bytes:
    """A short video; size: height and width of its frames."""
    out = io.BytesIO()
    with contextlib.closing(ClipWriter(out)) as writer:
        for number in range(FRAMES):
            image = picture(number)
            writer.write(image if size is None else image[: size[0], : size[1]], number / 30)
    return out.getvalue()


@pytest.mark.parametrize(
    ("chosen", "name"),
    [(None, "h264"), ("", "h264"), ("h264", "h264"), ("VP9", "vp9"), ("av1", "av1")],
)
def test_every_codec_gives_the_frames_back(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    chosen: str | None,
    name: str,
) -> None:
    monkeypatch.delenv(CODEC_VARIABLE, raising=False)
    if chosen is not None:
        monkeypatch.setenv(CODEC_VARIABLE, chosen)
    with av.open(io.BytesIO(written()), "r") as clip:
        stream = clip.streams.video[0]
        assert stream.codec_context.codec.canonical_name == name
        frames = list(clip.decode(stream))
    assert [round(frame.time * 30) for frame in frames if frame.time is not None] == list(range(12))
    for number, frame in enumerate(frames):
        seen = frame.to_ndarray(format="rgb24").astype(int)
        assert np.abs(seen - picture(number)).mean() < 8
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["h264", "vp9", "av1"])
def test_small_frames(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(CODEC_VARIABLE, name)
    with av.open(io.BytesIO(written((16, 20))), "r") as clip:
        assert sum(1 for _ in clip.decode(video=0)) == FRAMES


def test_an_unknown_codec_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CODEC_VARIABLE, "theora")
    with pytest.raises(VideoError, match="'theora'; it can be h264, vp9, av1"):
        ClipWriter(io.BytesIO())
