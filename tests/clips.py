"""Clips that several tests need."""

import io

import av
import numpy as np


def sound_only() -> bytes:
    """An MP4 of silence, without any picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=8000)
        for index in range(8):
            samples = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, 1024 * index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()
