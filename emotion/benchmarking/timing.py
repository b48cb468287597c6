"""Time and peak memory of a step, in this process or in one of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

WARM_UP = 3


def time_step(step: Callable[[], object], repeats: int) -> dict[str, float]:
    """Times a step after three runs that do not count.

    Args:
        step: What is timed.
        repeats: How many runs count, at least one.

    Returns:
        ``median_ms`` and ``p95_ms``, see ``percentiles``.
    """
    for _ in range(WARM_UP):
        step()
    times_ms = []
    for _ in range(max(repeats, 1)):
        started = time.perf_counter()
        step()
        times_ms.append((time.perf_counter() - started) * 1000)
    return percentiles(times_ms)


def percentiles(times_ms: Sequence[float]) -> dict[str, float]:
    """The median and the 95th percentile of some times, as ``median_ms`` and ``p95_ms``."""
    middle, high = np.percentile(times_ms, [50, 95])
    return {"median_ms": round(float(middle), 2), "p95_ms": round(float(high), 2)}


def time_process(command: Sequence[str]) -> dict[str, float]:
    """Runs a command that must succeed, as a process of its own.

    Returns:
        ``seconds`` and ``peak_memory_mb``, the peak resident memory of the largest child process
        so far. Linux counts what this process has grown to by then as the child's peak too: call
        it before anything large is loaded.
    """
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"seconds": round(seconds, 2), "peak_memory_mb": round(_megabytes(peak), 0)}


def peak_memory() -> dict[str, float]:
    """The peak resident memory of this process so far, as ``peak_memory_mb``."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_memory_mb": round(_megabytes(peak), 0)}


def _megabytes(peak: int) -> float:
    return peak / (2**20 if sys.platform == "darwin" else 1024)  # macOS counts bytes, Linux KiB
