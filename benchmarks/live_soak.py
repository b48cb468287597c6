"""Soak test of the live page: frame rate, memory and threads over time.

    python benchmarks/live_soak.py --minutes 10 --leavers 5
    python benchmarks/live_soak.py --alone --after 5 50

Visitors in Chromium with a camera of photos come one after the other, stream for three seconds, and
are killed without closing their connection. Beside one visitor who stays, ``--leavers`` of them are
spread over the time except its last three minutes, and a line is printed every minute: compare the
last with the second. With ``--alone`` nobody stays, and the server is measured three minutes after
each number of visitors has gone, because a connection whose peer is silent lives for half a minute
and Streamlit keeps the session for two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for server and camera of the tests

from benchmarks.live_server import cpu_s, memory_mb, threads  # noqa: E402 - after the path above
from tests.browser import harness  # noqa: E402

QUIET_END_S = 180.0


def leave_abruptly(playwright: Playwright, film: Path, url: str) -> bool:
    """Streams for three seconds in a browser that is then killed; whether a frame came back."""
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


def alone(playwright: Playwright, film: Path, server: harness.Server, after: list[int]) -> None:
    """Prints memory and threads ``QUIET_END_S`` after each number of visitors has gone."""
    pid = server.process.pid
    print(f"at the start: {memory_mb(pid):.0f} MB, {threads(pid)} threads", flush=True)
    gone, first = 0, 0.0
    for count in after:
        while gone < count:
            gone += leave_abruptly(playwright, film, server.url)
        streaming = memory_mb(pid)
        time.sleep(QUIET_END_S)
        held = memory_mb(pid)
        first = first or held
        print(
            f"{QUIET_END_S / 60:.0f} minutes after {gone} have gone: {held:.0f} MB "
            f"({100 * (held / first - 1):+.1f} %; {streaming:.0f} MB just after), "
            f"{threads(pid)} threads",
            flush=True,
        )


def together(
    playwright: Playwright, film: Path, server: harness.Server, minutes: float, leavers: int
) -> None:
    """Prints one visitor's figures every minute while ``leavers`` others come and go."""
    pid = server.process.pid
    browser = harness.launch(playwright, film)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{server.url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    if not harness.wait_for_frames(frame, 1, 60):
        sys.exit("The stream did not start.")
    begun = time.monotonic()
    end = begun + 60 * minutes
    every = max(end - begun - QUIET_END_S, 1.0) / max(leavers, 1)
    gone = 0
    print("| minute | frames a second | left so far | memory | threads | core |")
    print("|---|---|---|---|---|---|")
    while time.monotonic() < end:
        noted, frames, busy = time.monotonic(), harness.frames_returned(frame), cpu_s(pid)
        while time.monotonic() < min(noted + 60, end):
            if gone < leavers and time.monotonic() >= begun + gone * every:
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
    browser.close()


def main() -> None:
    """Runs the soak test."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--leavers", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="nobody stays")
    parser.add_argument("--after", type=int, nargs="+", default=[5, 50])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        film = harness.photo_camera(Path(folder) / "camera.y4m", harness.portraits())
        with harness.serve(Path(folder) / "server.log") as server:
            if options.alone:
                alone(playwright, film, server, options.after)
            else:
                together(playwright, film, server, options.minutes, options.leavers)
            print(f"tracebacks in the server's log: {len(server.tracebacks())}")


if __name__ == "__main__":
    main()
