"""What a visitor changes about the camera and the picture takes effect while the stream runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page, Playwright, expect

from tests.browser import harness

START_S = 60
SHOWN_MS = 60_000

_MOVES = """async () => {
    // How much the picture changes within a second, mean of 0..255.
    const video = document.querySelector('video')
    const pixels = () => {
        const canvas = document.createElement('canvas')
        canvas.width = 64
        canvas.height = 48
        const context = canvas.getContext('2d')
        context.drawImage(video, 0, 0, 64, 48)
        return context.getImageData(0, 0, 64, 48).data
    }
    const before = pixels()
    await new Promise((done) => setTimeout(done, 1000))
    const after = pixels()
    return after.reduce((sum, value, i) => sum + Math.abs(value - before[i]), 0) / after.length
}"""


def start(page: Page, server: harness.Server) -> Frame:
    page.set_default_timeout(SHOWN_MS)
    page.goto(f"{server.url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    assert harness.wait_for_frames(frame, 2, START_S) >= 2, "no picture came back"
    page.locator(".headline").evaluate("(element) => { element.dataset.mark = 'kept' }")
    return frame


def goes_on(frame: Frame) -> bool:
    """Whether pictures still come, and the page was not rerun."""
    before = harness.frames_returned(frame)
    came = harness.wait_for_frames(frame, before + 10, START_S) >= before + 10
    return came and frame.page.locator(".headline").get_attribute("data-mark") == "kept"


def wait_for_sent_width(frame: Frame, width: int) -> None:
    """Until the camera delivers this width; what comes back may be smaller on a busy machine."""
    frame.wait_for_function(
        "(width) => window.emotionCamera?.tracks.at(-1)?.getSettings().width === width",
        arg=width,
        timeout=SHOWN_MS,
    )


def test_another_size_is_taken_while_streaming(page: Page, server: harness.Server) -> None:
    frame = start(page, server)
    wait_for_sent_width(frame, 640)
    page.get_by_text("320 × 240", exact=True).click()
    wait_for_sent_width(frame, 320)
    page.wait_for_timeout(1500)
    wait_for_sent_width(frame, 320)  # it stays
    # Chromium shrinks it further when the machine is busy.
    expect(page.locator(".emotion-figures")).to_have_text(
        re.compile(r" (1\d\d|2\d\d|320) × \d+ pixels"), timeout=SHOWN_MS
    )
    assert goes_on(frame)
    page.get_by_text("640 × 480", exact=True).click()
    wait_for_sent_width(frame, 640)
    assert goes_on(frame)


def test_a_size_chosen_before_the_start_is_what_the_camera_is_asked_for(
    page: Page, server: harness.Server
) -> None:
    page.set_default_timeout(SHOWN_MS)
    page.goto(f"{server.url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).wait_for()
    page.get_by_text("320 × 240", exact=True).click()
    frame.wait_for_function("String(window.emotionCamera?.size) === '320,240'", timeout=SHOWN_MS)
    frame.get_by_role("button", name="Start", exact=True).click()
    assert harness.wait_for_frames(frame, 2, START_S) >= 2
    wait_for_sent_width(frame, 320)


def test_a_paused_video_freezes_and_resumes(page: Page, server: harness.Server) -> None:
    frame = start(page, server)
    expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)
    figures = page.locator(".emotion-figures")
    moving = max(frame.evaluate(_MOVES) for _ in range(4))
    page.get_by_text("Pause", exact=True).click()
    expect(figures).to_contain_text("Paused", timeout=SHOWN_MS)
    page.wait_for_timeout(1500)  # what was under way still arrives
    assert frame.evaluate(_MOVES) < moving / 4
    assert goes_on(frame)
    page.get_by_text("Pause", exact=True).click()
    expect(figures).to_contain_text(" fps", timeout=SHOWN_MS)
    assert max(frame.evaluate(_MOVES) for _ in range(4)) > moving / 2


@pytest.fixture(scope="module")
def two_cameras(playwright_driver: Playwright) -> Iterator[Browser]:
    """Three fake cameras; the second has depth only, and shows nothing."""
    running = harness.launch_with_cameras(playwright_driver, 3)
    yield running
    running.close()


def test_another_camera_is_taken_while_streaming(
    two_cameras: Browser, server: harness.Server
) -> None:
    page = two_cameras.new_page()
    frame = start(page, server)
    frame.get_by_role("button", name="Choose camera").click()
    frame.locator("select").select_option(label="fake_device_2")
    frame.wait_for_function(
        "window.emotionCamera.tracks.at(-1).label === 'fake_device_2'", timeout=SHOWN_MS
    )
    # The old one is given back, and what is sent is the new one's.
    frame.wait_for_function(
        """window.emotionCamera.tracks.every(
            (track) => track.label === 'fake_device_2' || track.readyState === 'ended')""",
        timeout=SHOWN_MS,
    )
    frame.get_by_role("button", name="Done", exact=True).click()
    assert goes_on(frame)
    page.close()


def test_a_camera_that_is_in_use_is_reported(page: Page, server: harness.Server) -> None:
    # A browser's error when another program uses the camera; fake cameras cannot be in use.
    page.add_init_script(
        """if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException('Could not start video source', 'NotReadableError')
        }"""
    )
    page.set_default_timeout(SHOWN_MS)
    page.goto(f"{server.url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    notice = page.get_by_role("alert").filter(has_text="another program uses it")
    expect(notice).to_be_visible(timeout=SHOWN_MS)
    expect(notice).to_contain_text("press Start again")
