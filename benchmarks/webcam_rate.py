"""What one viewer gets: pictures a second, their size, and how often the chart moves.

    python benchmarks/webcam_rate.py --seconds 30

The real page in Chromium with a camera of 640x480 at 30 a second made of photos. The first five
seconds, in which browser and server feel their way to a rate, are left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # shares server and camera with the tests

from tests.browser import harness  # noqa: E402 - after the path above

_CHART = """() => [...document.querySelectorAll('.emotion-bars [data-probability]')]
    .map((row) => row.dataset.probability).join(' ')"""
_ANALYZED = "() => Number(document.querySelector('.emotion-figures')?.dataset.analyzed ?? 0)"
_ANALYSIS = "() => Number(document.querySelector('.emotion-figures')?.dataset.analysisMs ?? NaN)"


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used, all its threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(page: Page, server: harness.Server, seconds: float) -> None:
    """Watches a running stream and prints what came."""
    frame = harness.camera_frame(page)
    first, begun = harness.frames_returned(frame), time.monotonic()
    cpu_before = cpu_s(server.process.pid)
    charts: list[str] = []
    analysis_ms: list[float] = []
    widths: list[int] = []
    analyzed_before = page.evaluate(_ANALYZED)
    while time.monotonic() - begun < seconds:
        page.wait_for_timeout(200)
        chart = page.evaluate(_CHART)
        if chart and (not charts or charts[-1] != chart):
            charts.append(chart)
        analysis_ms.append(page.evaluate(_ANALYSIS))
        widths.append(frame.evaluate("document.querySelector('video').videoWidth"))
    taken = time.monotonic() - begun
    returned = harness.frames_returned(frame) - first
    print(f"pictures returned: {returned / taken:.1f} a second over {taken:.0f} s")
    share = sum(width == harness.WIDTH for width in widths) / len(widths)
    print(f"at {harness.WIDTH}x{harness.HEIGHT}: {100 * share:.0f} % of the time")
    print(f"chart changed {len(charts)} times ({len(charts) / taken:.2f} a second)")
    busy = (cpu_s(server.process.pid) - cpu_before) / taken
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:2])
    print(f"server: {100 * busy:.0f} % of a core; load of the machine over 1 and 5 minutes: {load}")
    rate = (page.evaluate(_ANALYZED) - analyzed_before) / taken
    print(
        f"analyses: {rate:.1f} a second, {statistics.median(analysis_ms):.1f} ms each in the median"
    )


def main() -> None:
    """Starts the page, the browser and the stream, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--app", type=Path, default=ROOT / "app.py")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = harness.photo_camera(Path(folder) / "camera.y4m", harness.portraits())
        with harness.serve(Path(folder) / "server.log", app=options.app) as server:
            browser = harness.launch(playwright, camera)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{server.url}/webcam")
            frame = harness.camera_frame(page)
            frame.get_by_role("button", name="Start", exact=True).click()
            harness.wait_for_frames(frame, 1)
            page.wait_for_timeout(5000)
            measure(page, server, options.seconds)
            browser.close()


if __name__ == "__main__":
    main()
