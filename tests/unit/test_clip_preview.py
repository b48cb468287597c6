"""Which clips a browser plays: by container, codec and pixel format, not by name."""

import io

import pytest

from emotion.app.clip_preview import playable_type
from emotion.video.reader import read_info
from tests.clips import encode


@pytest.mark.parametrize(
    ("container", "codec", "pix_fmt", "mime"),
    [
        ("mp4", "libx264", "yuv420p", "video/mp4"),
        ("mp4", "libx264", "yuv422p", None),
        ("mp4", "libvpx-vp9", "yuv420p", "video/mp4"),
        ("mp4", "mpeg4", "yuv420p", None),
        ("3gp", "libx264", "yuv420p", "video/mp4"),
        ("mov", "libx264", "yuvj420p", "video/mp4"),
        ("mov", "mjpeg", "yuvj420p", None),
        ("mov", "prores_ks", "yuv422p10le", None),
        ("webm", "libvpx", "yuv420p", "video/webm"),
        ("webm", "libvpx-vp9", "yuv420p", "video/webm"),
        ("matroska", "libx264", "yuv420p", None),
        ("mpegts", "libx264", "yuv420p", None),
        ("avi", "mpeg4", "yuv420p", None),
    ],
)
def test_the_type_under_which_browsers_play_it(
    container: str, codec: str, pix_fmt: str, mime: str | None
) -> None:
    data = encode(range(10), container=container, codec=codec, pix_fmt=pix_fmt)
    assert playable_type(read_info(io.BytesIO(data))) == mime
