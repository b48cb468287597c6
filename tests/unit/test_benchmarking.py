"""What the measurements rest on: image size, times, a synthetic camera; no models."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.benchmarking.report import as_text
from emotion.benchmarking.stages import FRAME_SIZE, fit_into
from emotion.benchmarking.synthetic_camera import crowd, sway, vp8_packets
from emotion.benchmarking.timing import WARM_UP, peak_memory, percentiles, time_process, time_step


@given(st.integers(1, 900), st.integers(1, 900))
def test_an_image_fitted_into_a_frame_is_whole_and_centred(height: int, width: int) -> None:
    frame = fit_into(np.full((height, width, 3), 255, np.uint8))
    assert frame.shape == (*FRAME_SIZE, 3)
    rows = np.flatnonzero((frame == 255).all(axis=2).any(axis=1))
    columns = np.flatnonzero((frame == 255).all(axis=2).any(axis=0))
    scale = min(FRAME_SIZE[0] / height, FRAME_SIZE[1] / width)
    assert len(rows) == pytest.approx(scale * height, abs=1)
    assert len(columns) == pytest.approx(scale * width, abs=1)
    assert abs(rows[0] - (FRAME_SIZE[0] - 1 - rows[-1])) <= 1
    assert abs(columns[0] - (FRAME_SIZE[1] - 1 - columns[-1])) <= 1


@pytest.mark.parametrize(("repeats", "runs"), [(5, 5), (1, 1), (0, 1)])
def test_a_step_is_warmed_up_and_then_timed(repeats: int, runs: int) -> None:
    calls: list[int] = []
    timed = time_step(lambda: calls.append(1), repeats)
    assert len(calls) == WARM_UP + runs
    assert 0 <= timed["median_ms"] <= timed["p95_ms"]


def test_percentiles() -> None:
    assert percentiles([float(ms) for ms in range(101)]) == {"median_ms": 50.0, "p95_ms": 95.0}
    assert percentiles([2.5]) == {"median_ms": 2.5, "p95_ms": 2.5}


def test_a_process_is_timed_and_must_succeed() -> None:
    timed = time_process([sys.executable, "-c", "import time; time.sleep(.2)"])
    assert timed["seconds"] >= 0.2
    assert timed["peak_memory_mb"] > 1
    with pytest.raises(Exception, match="exit status 3"):
        time_process([sys.executable, "-c", "raise SystemExit(3)"])
    assert peak_memory()["peak_memory_mb"] > 20


def test_a_synthetic_camera_gives_a_packet_a_frame() -> None:
    face = np.full((40, 40, 3), 200, np.uint8)
    image = crowd(face, (64, 96), 5)
    assert image.shape == (64, 96, 3)
    frames = list(sway(image, 10, 12))
    assert [frame.shape for frame in frames] == [image.shape] * 12
    assert np.array_equal(frames[0], image)
    assert not np.array_equal(frames[5], image)
    assert len(vp8_packets(frames, 10)) == 12


def test_the_report_as_text() -> None:
    row = {"stage": "detect", "median_ms": 9.874, "p95_ms": 10.0, "peak_memory_mb": 136.0}
    text = as_text({
        "stages": [row],
        "live": [{"faces": 1, "stages": [row]}, {"faces": 10, "stages": [row]}],
        "load_s": 0.1,
        "first_result": {"seconds": 0.31, "peak_memory_mb": 97.0},
        "peak_memory_mb": 185.0,
    })  # fmt: skip
    lines = text.splitlines()
    assert lines[0].split() == ["stage", "median", "ms", "95", "%", "ms", "peak", "MB"]
    assert lines[1].split() == ["detect", "9.87", "10.00", "136"]
    assert [line[:15].strip() for line in lines if line.startswith("live")] == [
        "live, 1 face", "live, 10 faces",
    ]  # fmt: skip
    assert lines[-1].endswith(
        "first result after 0.31 s with 97 MB; this process took 185 MB at most"
    )
