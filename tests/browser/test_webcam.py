"""The Webcam page in a real browser: Chromium's camera plays photographs over real WebRTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Frame, Page, Playwright, expect

from emotion.imaging.annotation import face_color
from emotion.types import EMOTIONS
from tests.browser import axe, harness

# Floors and limits are loose: other work on the machine must not fail a test. What is reached is
# measured by benchmarks/webcam_starts.py and benchmarks/webcam_rate.py.
START_S = 45
SHOWN_MS = 30_000


def near_color(rgb: np.ndarray, color: tuple[int, int, int]) -> int:
    """How many pixels are of about this colour; the codec blurs it."""
    return int((np.abs(rgb.astype(int) - color).sum(axis=-1) < 60).sum())


def open_webcam(page: Page, server: harness.Server) -> Frame:
    """The camera's frame, ready for a press on Start."""
    page.goto(f"{server.url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).wait_for()
    return frame


def start(frame: Frame) -> None:
    """Presses Start and waits for the first pictures."""
    frame.get_by_role("button", name="Start", exact=True).click()
    assert harness.wait_for_frames(frame, 2, START_S) >= 2, "no picture came back"


@pytest.fixture
def streaming(page: Page, server: harness.Server) -> Frame:
    """The camera's frame of a visitor whose stream runs."""
    frame = open_webcam(page, server)
    start(frame)
    return frame


def test_pictures_come_back(page: Page, streaming: Frame) -> None:
    before = harness.frames_returned(streaming)
    assert harness.wait_for_frames(streaming, before + 40, 20) >= before + 40
    figures = page.locator(".emotion-figures")
    expect(figures).to_contain_text(" fps", timeout=SHOWN_MS)
    assert float(figures.get_attribute("data-analysis-ms") or 0) > 0
    expect(figures).to_contain_text("ms delay", timeout=SHOWN_MS)
    assert float(figures.get_attribute("data-behind-ms") or 0) > 0
    # The browser reports about once a second.
    expect(figures).to_have_attribute(
        "data-round-trip-ms", re.compile(r"\d+\.\d+"), timeout=SHOWN_MS
    )


def test_the_face_has_its_box_in_the_returned_picture(page: Page, streaming: Frame) -> None:
    color = face_color(0)
    bare = max(near_color(picture, color) for picture in harness.heads())
    found = 0
    for _ in range(60):
        found = near_color(harness.grab(streaming, 320, 240), color)
        if found > bare + 150:
            return
        page.wait_for_timeout(250)
    pytest.fail(f"{found} pixels of the box's colour; {bare} in the camera's own pictures")


def test_the_chart_follows_the_faces_without_a_rerun_of_the_page(
    page: Page, streaming: Frame
) -> None:
    expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)
    page.locator(".headline").evaluate("(element) => { element.dataset.mark = 'kept' }")
    tops, charts = set(), set()
    for _ in range(60):
        charts.add(harness.chart(page))
        tops |= set(
            page.locator(".emotion-bar-top").evaluate_all("(e) => e.map((x) => x.dataset.emotion)")
        )
        if len(charts - {()}) >= 5 and len(tops) >= 2:
            break
        page.wait_for_timeout(300)
    assert len(charts - {()}) >= 5
    assert all(sum(c) == pytest.approx(1.0, abs=0.001) for c in charts if c)
    assert page.locator(".headline").get_attribute("data-mark") == "kept"


def test_what_the_visitor_changes_takes_effect_while_streaming(
    page: Page, streaming: Frame
) -> None:
    expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)
    sparkline = page.locator("img.emotion-sparkline").first
    expect(sparkline).to_be_visible(timeout=SHOWN_MS)
    assert sparkline.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    before = harness.frames_returned(streaming)
    page.get_by_text("Mirror", exact=True).click()
    page.get_by_text("Labels", exact=True).click()
    page.get_by_role("button", name="High", exact=True).or_(
        page.get_by_role("radio", name="High", exact=True)
    ).click()
    assert harness.wait_for_frames(streaming, before + 30, 20) >= before + 30
    streaming.get_by_role("button", name="Stop", exact=True).press("m")  # the focus after Start
    expect(harness.shown_text(page, "1 event marked")).to_be_visible(timeout=SHOWN_MS)
    page.get_by_role("button", name="Take snapshot").click()
    expect(page.get_by_role("button", name="Remove snapshot")).to_be_visible(timeout=SHOWN_MS)
    streaming.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Take snapshot")).to_be_disabled(timeout=SHOWN_MS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download table (CSV)").first.click()
    header, *rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert header.startswith("source,frame,time_s,track,")
    assert len(rows) >= 3
    assert all(row.startswith("webcam,,") for row in rows)
    assert {row.rpartition(",")[2] for row in rows} >= {"1"}, "the event that was marked"
    summary = page.locator(".st-key-webcam-results")
    expect(summary).to_contain_text("Your session", timeout=SHOWN_MS)
    expect(summary).to_contain_text(re.compile(r"Duration 0:\d\d\.\d.*1 event"))
    expect(summary.locator('[data-testid="stVegaLiteChart"]')).to_be_visible(timeout=SHOWN_MS)
    with page.expect_download() as download:
        summary.get_by_role("button", name="Session (CSV)").click()
    assert Path(download.value.path()).read_text("utf-8-sig").splitlines() == [header, *rows]
    page.get_by_role("button", name="Clear session").click()
    expect(harness.shown_text(page, "Each face in the video gets a number")).to_be_visible(
        timeout=SHOWN_MS
    )
    page.get_by_role("button", name="Remove snapshot").click()
    expect(page.get_by_role("button", name="Remove snapshot")).to_have_count(0, timeout=SHOWN_MS)


def test_nothing_below_moves_when_faces_come(sized_page: Page, server: harness.Server) -> None:
    page = sized_page
    frame = open_webcam(page, server)
    settings = page.get_by_text("Smoothing", exact=True).first
    page.wait_for_timeout(1000)
    start(frame)
    expect(page.locator(".emotion-figures")).to_be_visible(timeout=SHOWN_MS)
    tops = []
    for _ in range(20):
        box = settings.bounding_box()
        assert box is not None
        tops.append(box["y"])
        page.wait_for_timeout(250)
    expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)
    assert max(tops) - min(tops) < 3


def test_a_resting_face_is_what_answers_are_compared_to(page: Page, streaming: Frame) -> None:
    card = page.locator(".face-card").first
    expect(card).to_be_visible(timeout=SHOWN_MS)
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="This is my resting face").click()
    expect(card).to_contain_text("Against the resting face", timeout=SHOWN_MS)
    # The film shows another face every three seconds, one happy and one neutral.
    expect(card).to_contain_text(re.compile(r"(happy|neutral) \+\d\d points"), timeout=SHOWN_MS)
    expect(card.locator(".emotion-bar-change")).to_have_count(7)
    assert axe.findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download table (CSV)").click()
    header, *rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert header.endswith(",face,event," + ",".join(f"{name}_change" for name in EMOTIONS))
    assert re.search(r",-?0\.\d+$", rows[-1])
    page.get_by_role("button", name="Remove resting face").click()
    expect(card.locator(".emotion-bar-change")).to_have_count(0, timeout=SHOWN_MS)


def test_it_fills_the_screen(page: Page, streaming: Frame) -> None:
    page.get_by_role("button", name="Full screen").click()
    streaming.wait_for_function("document.fullscreenElement?.tagName === 'VIDEO'", timeout=SHOWN_MS)
    page.keyboard.press("m")
    expect(harness.shown_text(page, "1 event marked")).to_be_attached(timeout=SHOWN_MS)


def test_it_stops_and_starts_again(page: Page, streaming: Frame) -> None:
    for _ in range(2):
        streaming.get_by_role("button", name="Stop", exact=True).click()
        expect(harness.shown_text(page, "Press Start to begin")).to_be_visible(timeout=SHOWN_MS)
        expect(streaming.locator("video")).to_have_count(0, timeout=SHOWN_MS)
        start(streaming)
        expect(page.locator(".face-card").first).to_be_visible(timeout=SHOWN_MS)


def test_another_page_and_back(page: Page, server: harness.Server, streaming: Frame) -> None:
    page.get_by_role("link", name="About", exact=True).first.click()
    page.wait_for_url("**/about")
    expect(page.locator('iframe[title*="webrtc_streamer"]')).to_have_count(0, timeout=SHOWN_MS)
    page.get_by_role("link", name="Webcam", exact=True).first.click()
    expect(harness.shown_text(page, "Press Start to begin")).to_be_visible(timeout=SHOWN_MS)
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).wait_for()
    start(frame)
    before = harness.frames_returned(frame)
    assert harness.wait_for_frames(frame, before + 20, 20) >= before + 20


def test_an_empty_room_is_reported(
    playwright_driver: Playwright, server: harness.Server, tmp_path: Path
) -> None:
    wall = harness.photo_camera(tmp_path / "wall.y4m", [harness.plain_picture()], 1.0)
    browser = harness.launch(playwright_driver, wall)
    try:
        page = browser.new_page()
        start(open_webcam(page, server))
        expect(harness.shown_text(page, "No face in view")).to_be_visible(timeout=SHOWN_MS)
        expect(page.locator(".emotion-bars")).to_have_count(0)
    finally:
        browser.close()


@pytest.fixture(params=["refused", "absent"])
def no_camera(
    request: pytest.FixtureRequest, playwright_driver: Playwright, camera_film: Path
) -> Iterator[tuple[Page, str]]:
    """A visitor whose browser gives no camera, and what the page must then say."""
    if request.param == "refused":
        browser = harness.launch(playwright_driver, camera_film, allow=False)
        sentence = "did not let this page use the camera"
    else:
        browser = harness.launch(playwright_driver, None)
        sentence = "No camera was found"
    yield browser.new_page(), sentence
    browser.close()


def test_without_a_camera_the_page_says_why_and_what_to_do(
    no_camera: tuple[Page, str], server: harness.Server
) -> None:
    page, sentence = no_camera
    frame = open_webcam(page, server)
    frame.get_by_role("button", name="Start", exact=True).click()
    notice = page.get_by_role("alert").filter(has_text=sentence)
    expect(notice).to_be_visible(timeout=SHOWN_MS)
    expect(notice).to_contain_text("press Start again")
    expect(frame.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_a_failed_connection_is_reported(page: Page, server: harness.Server) -> None:
    # The browser never takes the server's SDP answer: to the page that is the same as no route.
    page.add_init_script(
        "RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {})"
    )
    frame = open_webcam(page, server)
    frame.get_by_role("button", name="Start", exact=True).click()
    expect(harness.shown_text(page, "This takes longer than usual")).to_be_visible(timeout=SHOWN_MS)
    expect(harness.shown_text(page, "Waiting for the camera")).to_be_hidden()
    frame.get_by_role("button", name="Stop", exact=True).click()
    expect(harness.shown_text(page, "The connection could not be made")).to_be_visible(
        timeout=SHOWN_MS
    )
    expect(harness.shown_text(page, "Press Start to begin")).to_be_visible()
