"""Several visitors on one server: separate results, the limit, and browsers that vanish."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Frame, Page, Playwright, expect

import emotion
from emotion.app.limits import VIEWERS_VARIABLE
from tests.browser import harness

# Loose, as in test_webcam.py: other work on the machine must not fail a test.
START_S = 60
SHOWN_MS = 60_000
GONE_S = 90
"""A connection whose other end is silent is closed after half a minute."""


def close(browser: Browser) -> None:
    """Closes a browser that may have been killed."""
    with suppress(Error):
        browser.close()


@pytest.fixture
def open_browser(playwright_driver: Playwright, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Starts a Chromium whose camera shows one of the portraits; all are closed at the end."""
    with ExitStack() as stack:

        def start(portrait: int) -> Browser:
            film = tmp_path / f"portrait-{portrait}.y4m"
            if not film.exists():
                harness.photo_camera(film, [harness.heads()[portrait]], 2.0)
            browser = harness.launch(playwright_driver, film)
            stack.callback(close, browser)
            return browser

        yield start


@pytest.fixture
def one_stream(tmp_path: Path) -> Iterator[harness.Server]:
    """A server that accepts one stream."""
    with harness.serve(tmp_path / "server.log", env={VIEWERS_VARIABLE: "1"}) as server:
        yield server
        assert not server.tracebacks(), server.log()


def start(page: Page) -> Frame:
    """Presses Start and waits for the first pictures."""
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    assert harness.wait_for_frames(frame, 2, START_S) >= 2, "no picture came back"
    return frame


def middle(portrait: harness.Picture) -> np.ndarray:
    """What a camera of this portrait shows in the mean, (48, 64, 3)."""
    view = portrait[30:510, 40:680].reshape(48, 10, 64, 10, 3)
    return np.asarray(view.mean(axis=(1, 3)))


def tops(page: Page) -> list[str]:
    """The most probable expression of each card."""
    names: list[str] = page.locator(".emotion-bar-top").evaluate_all(
        "(rows) => rows.map((row) => row.dataset.emotion)"
    )
    return names


def test_two_visitors_never_see_each_other(
    open_browser: Callable[..., Browser], server: harness.Server
) -> None:
    portraits = harness.heads()
    analyzer = emotion.load_analyzer()
    labels = [analyzer.analyze(portrait)[0].label for portrait in portraits]
    assert labels[0] != labels[1], "the test needs two faces that look different"
    pages = [open_browser(index).new_page() for index in range(2)]
    for page in pages:
        page.goto(f"{server.url}/webcam")
    frames = [start(page) for page in pages]
    for page in pages:
        expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)
    seen: list[set[str]] = [set(), set()]
    for _ in range(12):
        for own, (page, frame) in enumerate(zip(pages, frames, strict=True)):
            names = tops(page)
            assert len(names) <= 1, "somebody else's card"
            seen[own] |= set(names)
            picture = harness.grab(frame, 64, 48).astype(float)
            far = [np.abs(picture - middle(portrait)).mean() for portrait in portraits]
            assert far[own] < far[1 - own], "somebody else's picture"
        pages[0].wait_for_timeout(700)
    for own in range(2):
        assert labels[own] in seen[own]
        assert labels[1 - own] not in seen[own]


def test_the_next_visitor_is_notice_and_gets_the_slot_that_becomes_free(
    open_browser: Callable[..., Browser], one_stream: harness.Server
) -> None:
    browser = open_browser(0)
    first, second = (browser.new_context().new_page() for _ in range(2))
    first.goto(f"{one_stream.url}/webcam")
    frame = start(first)
    second.goto(f"{one_stream.url}/webcam")
    notice = harness.shown_text(second, "This server supports 1 live stream and it is in use")
    expect(notice).to_be_visible(timeout=SHOWN_MS)
    expect(second.locator('iframe[title*="webrtc_streamer"]')).to_have_count(0)
    before = harness.frames_returned(frame)
    assert harness.wait_for_frames(frame, before + 20, START_S) >= before + 20
    frame.get_by_role("button", name="Stop", exact=True).click()
    expect(notice).to_be_hidden(timeout=SHOWN_MS)
    start(second)


def test_of_two_who_press_start_at_once_one_is_notice(
    open_browser: Callable[..., Browser], one_stream: harness.Server
) -> None:
    browser = open_browser(0)
    pages = [browser.new_context().new_page() for _ in range(2)]
    for page in pages:
        page.goto(f"{one_stream.url}/webcam")
        harness.camera_frame(page).get_by_role("button", name="Start", exact=True).wait_for()
    start(pages[0])
    # The second page was drawn while there was room.
    frame = harness.camera_frame(pages[1])
    frame.get_by_role("button", name="Start", exact=True).click()
    notice = harness.shown_text(pages[1], "This server supports 1 live stream and it is in use")
    expect(notice).to_be_visible(timeout=SHOWN_MS)


def threads(server: harness.Server) -> int:
    """How many threads the server has now (Linux)."""
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def test_a_vanished_browser_frees_its_threads_and_slot(
    open_browser: Callable[..., Browser], one_stream: harness.Server
) -> None:
    counts: list[int] = []
    for _ in range(5):
        browser = open_browser(0)
        page = browser.new_page()
        page.set_default_timeout(SHOWN_MS)
        page.goto(f"{one_stream.url}/webcam")
        start(page)  # possible in the second round only because the first stream's slot is free
        # Threads that the event loop keeps for itself may begin in the stream's first seconds.
        streaming = 0
        for _ in range(10):
            page.wait_for_timeout(500)
            streaming = max(streaming, threads(one_stream))
        harness.kill(browser)
        # The thread of the decoder, and ours of the analysis, go with the connection. The event
        # loop keeps those of its executor, at most six on two cores; a leak of two would be eight.
        most = min([streaming - 2, *(count + 6 for count in counts[:1])])
        end = time.monotonic() + GONE_S
        while (left := threads(one_stream)) > most and time.monotonic() < end:
            time.sleep(0.5)
        counts.append(left)
        assert left <= most, f"{streaming} threads before; after each visitor: {counts}"
