"""Every place in each of its states: axe-core's findings, names, keyboard, colours, large text."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import axe, harness
from tests.browser.conftest import DESKTOP
from tests.browser.test_video import begin

SHOWN_MS = 120_000  # far above what it takes: other work on the machine must not fail a test
PLACES = ("Photo", "Webcam", "Video", "About")


def open_place(page: Page, server: harness.Server, place: str) -> None:
    """The place as a new visitor finds it, drawn to its end."""
    page.goto(f"{server.url}/{'' if place == 'Photo' else place.lower()}")
    expect(page.locator("h1").first).to_be_visible(timeout=SHOWN_MS)
    expect(page.locator(".site-footer")).to_be_visible(timeout=SHOWN_MS)
    if place == "Webcam":
        start = harness.camera_frame(page).get_by_role("button", name="Start", exact=True)
        start.wait_for(timeout=SHOWN_MS)


def open_sample(page: Page, server: harness.Server) -> None:
    """The Photo place with the result of a sample."""
    open_place(page, server, "Photo")
    page.get_by_role("button", name="Astronaut", exact=True).click()
    expect(page.locator(".emotion-bars").first).to_be_visible(timeout=SHOWN_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
def test_a_place_without_results(
    browser: Browser, server: harness.Server, place: str, scheme: str
) -> None:
    dark = scheme == "dark"
    context = browser.new_context(viewport=DESKTOP, color_scheme="dark" if dark else "light")
    page = context.new_page()
    open_place(page, server, place)
    if place == "About":
        page.get_by_text("All figures", exact=True).click()
        expect(page.locator(".recall").first).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []
    context.close()


def test_photo_with_a_result_and_its_explanation(page: Page, server: harness.Server) -> None:
    open_sample(page, server)
    assert axe.findings(page) == []
    page.get_by_text("Compare side by side").click()
    expect(page.get_by_text("Both give the same label")).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []


def test_photo_with_an_unreadable_file(page: Page, server: harness.Server) -> None:
    open_place(page, server, "Photo")
    file: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    page.locator('input[type="file"]').first.set_input_files(file)
    expect(page.locator('[data-testid="stAlert"]')).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []


def test_photo_without_a_face(page: Page, server: harness.Server) -> None:
    buffer = io.BytesIO()
    Image.fromarray(harness.plain_picture()).save(buffer, "PNG")
    open_place(page, server, "Photo")
    file: FilePayload = {"name": "wall.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.locator('input[type="file"]').first.set_input_files(file)
    expect(harness.shown_text(page, "No face was found")).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []


def test_webcam_while_it_runs_and_after_its_end(page: Page, server: harness.Server) -> None:
    open_place(page, server, "Webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".emotion-bars").first).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []
    assert page.get_by_label("Camera", exact=True).first.get_attribute("title")
    assert frame.locator("video").get_attribute("aria-label") == "Camera with labelled faces"
    frame.get_by_role("button", name="Stop", exact=True).click()
    frame.get_by_role("button", name="Start", exact=True).wait_for(timeout=SHOWN_MS)
    assert axe.findings(page) == []


def test_video_with_a_result(page: Page, server: harness.Server) -> None:
    begin(page, server, 3.0, "5")
    expect(page.get_by_role("heading", name="Downloads")).to_be_visible(timeout=SHOWN_MS)
    expect(page.locator("video").first).to_have_attribute("aria-label", "Video with labelled faces")
    expect(page.get_by_role("button", name="Annotated video")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_label("Expressions over time", exact=True)).to_have_count(1)
    page.get_by_text("Show as table").click()
    expect(page.locator(".table-frame")).to_be_visible(timeout=SHOWN_MS)
    assert axe.findings(page) == []


def test_each_place_says_where_one_is(page: Page, server: harness.Server) -> None:
    open_place(page, server, "Photo")
    for place in PLACES:
        link = page.get_by_role("navigation").get_by_role("link", name=place, exact=True)
        link.click()
        expect(link).to_have_attribute("aria-current", "page", timeout=SHOWN_MS)
        expect(page).to_have_title(f"{place} - Emotion")
        expect(page.locator('[aria-current="page"]')).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)


def test_the_skip_link_leads_behind_the_navigation(page: Page, server: harness.Server) -> None:
    open_place(page, server, "About")
    page.locator('[data-testid="stSkipToContent"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1").first).to_be_focused()


def test_links_and_buttons_show_the_focus(page: Page, server: harness.Server) -> None:
    open_place(page, server, "Photo")
    seen = 0
    for _ in range(14):
        page.keyboard.press("Tab")
        style = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e)
            return ['A', 'BUTTON'].includes(e.tagName) && e.dataset.testid !== 'stSkipToContent'
                ? [e.outerHTML, s.outlineStyle, parseFloat(s.outlineWidth)] : null }"""
        )
        if style is not None:
            seen += 1
            assert style[1] == "solid", style[0]
            assert style[2] >= 2, style[0]
    assert seen >= 5


def test_results_are_announced(page: Page, server: harness.Server) -> None:
    open_sample(page, server)
    expect(page.locator("#emotion-announcer")).to_contain_text("Face 1 looks", timeout=SHOWN_MS)


def test_bars_stay_visible_in_forced_colours(page: Page, server: harness.Server) -> None:
    page.emulate_media(forced_colors="active")
    open_sample(page, server)
    colors = page.locator(".emotion-bar-top .emotion-bar-track").first.evaluate(
        """e => [getComputedStyle(e).backgroundColor,
                 getComputedStyle(e.firstElementChild).backgroundColor,
                 getComputedStyle(e).borderTopStyle]"""
    )
    assert colors[0] != colors[1]
    assert colors[2] == "solid"


def test_bars_keep_their_length_in_large_text(page: Page, server: harness.Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_sample(page, server)
    page.add_style_tag(content="html { font-size: 200% !important }")
    width = page.locator(".face-card .emotion-bar-track").first.evaluate("e => e.clientWidth")
    assert width >= 100


def test_a_fault_is_found(page: Page, server: harness.Server) -> None:
    open_place(page, server, "About")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=x>')")
    assert [each.split(" at ")[0] for each in axe.findings(page)] == ["critical image-alt"]
