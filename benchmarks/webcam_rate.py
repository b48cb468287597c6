"""Frame rate, size and delay that viewers in Chromium get, and how often the page updates.

    python benchmarks/webcam_rate.py --seconds 30
    python benchmarks/webcam_rate.py --viewers 4 --rate 15 --seconds 30

The real page, each viewer in a browser context of its own, with a 640x480 camera whose every frame
shows its number (``time_code.py``). The delay is the time from a frame being shown in a video
element beside the camera to the same frame, returned, being shown in the page's. The first
``--warm-up`` seconds, in which browser and server settle on a bit rate, are left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for server and camera of the tests

from benchmarks.live_server import cpu_s  # noqa: E402 - after the path above
from benchmarks.time_code import BITS, STRIP, camera_film  # noqa: E402
from tests.browser import harness  # noqa: E402

FILM = 128
"""Frames of the camera's video, which is played in a loop."""

_WATCH = """async ([bits, strip, count]) => {
    const fields = bits + 3
    // Read two rows of the luma plane: a canvas would convert whole frames to RGB, too slow for
    // four browsers on two cores.
    const reader = (video, note) => {
        const read = async (now) => {
            const frame = new VideoFrame(video)
            const { width, height } = frame.visibleRect
            const y = 2 * Math.round(height * (1 - strip / 2) / 2)
            const part = { rect: { x: 0, y, width, height: 2 } }
            const bytes = new Uint8Array(frame.allocationSize(part))
            const [luma] = await frame.copyTo(bytes, part)
            frame.close()
            const seen = Array.from({ length: fields }, (_, i) =>
                bytes[luma.offset + Math.floor((i + .5) * width / fields)] > 127 ? 1 : 0)
            const code = seen.slice(2, -1)
            const parity = code.reduce((sum, bit) => sum + bit, 0) % 2
            if (seen[0] && !seen[1] && parity === seen.at(-1))
                note(code.reduce((sum, bit, place) => sum + (bit << place), 0), now)
        }
        // A frame that cannot be read must not end the measurement.
        const next = (now) =>
            read(now).catch(console.warn).finally(() => video.requestVideoFrameCallback(next))
        video.requestVideoFrameCallback(next)
    }
    const track = window.emotionCamera.tracks.at(-1)
    const own = document.createElement('video')
    own.muted = true
    own.srcObject = new MediaStream([track])
    own.style = 'position:fixed;width:64px;opacity:.01'
    document.body.append(own)
    await own.play()
    const taken = new Map()
    window.delays = []
    reader(own, (number, now) => {
        taken.set(number, now)
        // The frame half a loop ago is overdue, if it never came back.
        taken.delete((number + count / 2) % count)
    })
    reader([...document.querySelectorAll('video')].find((v) => v !== own), (number, now) => {
        if (taken.has(number)) window.delays.push(now - taken.get(number))
        taken.delete(number)
    })
}"""
_SIZES = "document.querySelector('video').videoWidth"
_FIGURES = "() => ({ ...document.querySelector('.emotion-figures')?.dataset })"


def measure(pages: list[Page], server: harness.Server, seconds: float) -> None:
    """Measures running streams and prints the table."""
    frames = [harness.camera_frame(page) for page in pages]
    for frame in frames:
        frame.evaluate("window.delays = []")
    first, begun = [harness.frames_returned(frame) for frame in frames], time.monotonic()
    cpu_before = cpu_s(server.process.pid)
    before: list[dict[str, Any]] = [page.evaluate(_FIGURES) for page in pages]
    updates: set[str] = set()
    while time.monotonic() - begun < seconds:
        pages[0].wait_for_timeout(200)
        updates.add(pages[0].evaluate(_FIGURES)["frames"])
    taken = time.monotonic() - begun
    print("| viewer | fps | width | delay, ms | 95th | on the page | analyses |")
    print("|---|---|---|---|---|---|---|")
    for index, (page, frame) in enumerate(zip(pages, frames, strict=True)):
        rate = (harness.frames_returned(frame) - first[index]) / taken
        delays = frame.evaluate("window.delays") or [float("nan")]
        middle, high = np.percentile(delays, [50, 95])
        figures: dict[str, Any] = page.evaluate(_FIGURES)
        shown = float(figures["behindMs"]) + float(figures.get("roundTripMs", "nan"))
        analyses = (int(figures["analyzed"]) - int(before[index]["analyzed"])) / taken
        print(
            f"| {index + 1} | {rate:.1f} | {frame.evaluate(_SIZES)} | {middle:.0f} | {high:.0f} | "
            f"{shown:.0f} ms delay, {float(figures['analysisMs']):.0f} ms analysis | "
            f"{analyses:.1f} a second |"
        )
    busy = (cpu_s(server.process.pid) - cpu_before) / taken
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:2])
    print(f"the first page was updated {len(updates) / taken:.2f} times a second")
    print(f"server: {100 * busy:.0f} % of a core; load of the machine over 1 and 5 minutes: {load}")


def main() -> None:
    """Starts the page, the browser and the streams, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--rate", type=int, default=30, help="frames a second of the camera")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--warm-up", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = camera_film(Path(folder) / "camera.y4m", options.rate, FILM)
        with harness.serve(Path(folder) / "server.log", env={"EMOTION_MAX_VIEWERS": "0"}) as server:
            browser = harness.launch(playwright, camera)
            size: Any = {"width": 1280, "height": 900}
            pages = [browser.new_context(viewport=size).new_page() for _ in range(options.viewers)]
            starts = []
            for page in pages:
                page.set_default_timeout(90_000)
                page.goto(f"{server.url}/webcam")
                frame = harness.camera_frame(page)
                frame.get_by_role("button", name="Start", exact=True).click()
                begun = time.monotonic()
                harness.wait_for_frames(frame, 1, 60)
                starts.append(time.monotonic() - begun)
                page.wait_for_selector(".emotion-figures[data-analyzed]")
                frame.evaluate(_WATCH, [BITS, STRIP, FILM])
            print(f"first frame after {statistics.median(starts):.1f} s in the median")
            pages[0].wait_for_timeout(1000 * options.warm_up)
            measure(pages, server, options.seconds)
            browser.close()


if __name__ == "__main__":
    main()
