"""Whether the live page stays the same for hours: pictures, memory and threads, minute by minute.

    python benchmarks/live_soak.py --minutes 10 --leavers 5

One visitor in Chromium stays for the whole time. Beside it others come, stream for a few seconds,
and are killed without a word, ``--leavers`` of them, evenly over the first part of the time. Three
minutes are left at the end, since a connection whose other end is silent lives on for half a minute
and Streamlit keeps the session for two. Prints a line a minute; compare the last with the second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # shares server and camera with the tests

from benchmarks.live_server import cpu_s, memory_mb, threads  # noqa: E402 - after the path above
from tests.browser import harness  # noqa: E402

QUIET_END_S = 180.0


def leave_abruptly(playwright: Playwright, film: Path, url: str) -> bool:
    """Streams for three seconds in a browser of its own, which is then killed."""
    browser = harness.launch(playwright, film)
    try:
        page = browser.new_page()
        page.goto(f"{url}/webcam")
        frame = harness.camera_frame(page)
        frame.get_by_role("button", name="Start", exact=True).click()
        came = harness.wait_for_frames(frame, 1, 30) >= 1
        page.wait_for_timeout(3000)
        harness.kill(browser)
    except Error as error:
        print(f"  a leaver failed: {str(error).splitlines()[0]}", flush=True)
        browser.close()
        return False
    return came


def main() -> None:
    """Runs for the given time and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--leavers", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        film = harness.photo_camera(Path(folder) / "camera.y4m", harness.portraits())
        with harness.serve(Path(folder) / "server.log") as server:
            pid = server.process.pid
            browser = harness.launch(playwright, film)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{server.url}/webcam")
            frame = harness.camera_frame(page)
            frame.get_by_role("button", name="Start", exact=True).click()
            if not harness.wait_for_frames(frame, 1, 60):
                sys.exit("The stream did not start.")
            begun = time.monotonic()
            end = begun + 60 * options.minutes
            every = max(end - begun - QUIET_END_S, 1.0) / max(options.leavers, 1)
            gone = 0
            print("| minute | frames a second | left so far | memory | threads | core |")
            print("|---|---|---|---|---|---|")
            while time.monotonic() < end:
                noted, frames, busy = (
                    time.monotonic(),
                    harness.frames_returned(frame),
                    cpu_s(pid),
                )
                while time.monotonic() < min(noted + 60, end):
                    if gone < options.leavers and time.monotonic() >= begun + gone * every:
                        gone += leave_abruptly(playwright, film, server.url)
                    page.wait_for_timeout(500)
                taken = time.monotonic() - noted
                rate = (harness.frames_returned(frame) - frames) / taken
                share = 100 * (cpu_s(pid) - busy) / taken
                print(
                    f"| {(time.monotonic() - begun) / 60:.1f} | {rate:.1f} | {gone} | "
                    f"{memory_mb(pid):.0f} MB | {threads(pid)} | {share:.0f} % |",
                    flush=True,
                )
            print(f"tracebacks in the server's log: {len(server.tracebacks())}")
            browser.close()


if __name__ == "__main__":
    main()
