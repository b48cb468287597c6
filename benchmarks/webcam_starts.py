"""How reliably and how fast the webcam starts, for new visitors one after the other.

    python benchmarks/webcam_starts.py --starts 20

Each start is a new browser context (no cookies, no storage) on the real page in Chromium, with a
camera made of photos. A start succeeds if a frame comes back within ``--timeout`` seconds and the
stream still runs two seconds later. Prints k of N and the times; the exit code is 1 if one failed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for server and camera of the tests

from tests.browser import harness  # noqa: E402 - after the path above


def start_once(browser: Browser, url: str, timeout_s: float) -> float | None:
    """Seconds from pressing Start to the first returned frame; None if the start failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"{url}/webcam")
        frame = harness.camera_frame(page)
        button = frame.get_by_role("button", name="Start", exact=True)
        button.wait_for()
        begun = time.monotonic()
        button.click()
        if not harness.wait_for_frames(frame, 1, timeout_s):
            return None
        taken = time.monotonic() - begun
        before = harness.frames_returned(frame)
        page.wait_for_timeout(2000)
        return taken if harness.frames_returned(frame) > before else None
    except Error as error:
        print(f"  {str(error).splitlines()[0]}", flush=True)
        return None
    finally:
        context.close()


def main() -> int:
    """Runs the starts and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds for one start")
    parser.add_argument("--app", type=Path, default=ROOT / "app.py")
    options = parser.parse_args()
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = harness.photo_camera(Path(folder) / "camera.y4m", harness.portraits())
        # Without a limit of viewers: places become free only some time after a visitor has left.
        env = {"EMOTION_MAX_VIEWERS": "0"}
        with harness.serve(Path(folder) / "server.log", app=options.app, env=env) as server:
            browser = harness.launch(playwright, camera)
            for number in range(1, options.starts + 1):
                taken = start_once(browser, server.url, options.timeout)
                print(
                    f"start {number}: {'FAILED' if taken is None else f'{taken:.2f} s'}", flush=True
                )
                times += [] if taken is None else [taken]
            browser.close()
            tracebacks = len(server.tracebacks())
    print(f"{len(times)} of {options.starts} starts; tracebacks in the server's log: {tracebacks}")
    if times:
        print(
            f"first frame after {statistics.median(times):.2f} s in the median, "
            f"{max(times):.2f} s at most"
        )
    return 0 if len(times) == options.starts else 1


if __name__ == "__main__":
    sys.exit(main())
