"""The Photo page in a real browser."""

import contextlib
import io

import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Playwright, expect

from tests.browser import harness

SHOWN_MS = 20_000  # far above what is promised: other work on the machine must not fail a test


@pytest.fixture(scope="module")
def portrait() -> FilePayload:
    """A photograph of one person as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(harness.portraits()[0]).save(buffer, "JPEG", quality=90)
    return {"name": "portrait.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def test_an_uploaded_photo_shows_its_face_with_bars(
    sized_page: Page, server: harness.Server, portrait: FilePayload
) -> None:
    sized_page.goto(server.url)
    sized_page.locator('input[type="file"]').first.set_input_files(portrait)
    expect(sized_page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)
    expect(sized_page.get_by_text("Face 1").first).to_be_visible()
    probabilities = harness.chart(sized_page)
    assert len(probabilities) == 7
    assert sum(probabilities) == pytest.approx(1.0, abs=0.001)
    best = sized_page.locator(".emotion-bar-top")
    assert float(best.get_attribute("data-probability") or 0) == max(probabilities)
    expect(sized_page.locator(".photo img").first).to_be_visible()
    assert harness.overflow_px(sized_page) == 0


def test_a_phone_is_asked_for_pictures_and_heic_is_read(page: Page, server: harness.Server) -> None:
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.fromarray(harness.portraits()[0]).save(buffer, "HEIF", quality=90)
    page.goto(server.url)
    field = page.locator('input[type="file"]').first
    accepted = (field.get_attribute("accept") or "").split(",")
    assert "image/*" in accepted
    assert ".heic" in accepted
    file: FilePayload = {"name": "IMG_1.HEIC", "mimeType": "", "buffer": buffer.getvalue()}
    field.set_input_files(file)
    expect(page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)


def test_a_truncated_photo_gets_one_sentence_and_the_page_goes_on(
    page: Page, server: harness.Server, portrait: FilePayload
) -> None:
    page.goto(server.url)
    cut = {**portrait, "buffer": portrait["buffer"][: len(portrait["buffer"]) // 2]}
    page.locator('input[type="file"]').first.set_input_files(cut)  # type: ignore[arg-type]
    alert = page.locator('[data-testid="stAlert"]')
    expect(alert).to_have_count(1, timeout=SHOWN_MS)
    expect(alert).to_contain_text("damaged or cut short")
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    expect(page.locator(".emotion-bars")).to_have_count(0)
    page.locator('input[type="file"]').first.set_input_files(portrait)
    expect(page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)


def test_a_sample_shows_a_result_with_one_click(sized_page: Page, server: harness.Server) -> None:
    sized_page.goto(server.url)
    sized_page.get_by_role("button", name="Astronaut", exact=True).click()
    expect(sized_page.locator(".emotion-bars").first).to_be_visible(timeout=SHOWN_MS)
    assert harness.overflow_px(sized_page) == 0


def test_a_click_on_a_samples_picture_shows_its_result(
    sized_page: Page, server: harness.Server
) -> None:
    sized_page.goto(server.url)
    picture = sized_page.locator(".st-key-sample-pair img")
    expect(picture).to_be_visible(timeout=SHOWN_MS)
    box = picture.bounding_box()
    assert box is not None
    sized_page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(sized_page.locator(".emotion-bars")).to_have_count(2, timeout=SHOWN_MS)
    face = sized_page.locator(".photo-face").first
    shown = "face => getComputedStyle(face, '::after').display"
    assert face.evaluate(shown) == "none"
    face.hover()
    assert face.evaluate(shown) == "block"
    image = sized_page.locator(".photo img")
    before = (image.bounding_box() or {"width": 0})["width"]
    sized_page.get_by_text("Zoom in").click()
    assert (image.bounding_box() or {"width": 0})["width"] > 2 * before
    assert harness.overflow_px(sized_page) == 0


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped_anywhere(
    page: Page, server: harness.Server, portrait: FilePayload, event: str
) -> None:
    page.goto(server.url)
    expect(harness.shown_text(page, "You can also paste a picture")).to_be_visible(timeout=SHOWN_MS)
    page.locator("body[data-takes-files]").wait_for(state="attached", timeout=SHOWN_MS)
    page.evaluate(
        """([event, bytes]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([new Uint8Array(bytes)], "a.jpg", { type: "image/jpeg" }))
            const name = event === "paste" ? "clipboardData" : "dataTransfer"
            const given = { bubbles: true, cancelable: true, [name]: transfer }
            const Kind = event === "paste" ? ClipboardEvent : DragEvent
            document.querySelector("h1").dispatchEvent(new Kind(event, given))
        }""",
        [event, list(portrait["buffer"])],
    )
    expect(page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)


def test_results_stay_while_another_place_is_shown(
    page: Page, server: harness.Server, portrait: FilePayload
) -> None:
    page.goto(server.url)
    page.locator('input[type="file"]').first.set_input_files(portrait)
    expect(page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)
    page.get_by_role("link", name="About", exact=True).first.click()
    expect(page.locator(".photo")).to_have_count(0, timeout=SHOWN_MS)
    page.get_by_role("link", name="Photo", exact=True).first.click()
    expect(page.locator(".emotion-bars")).to_have_count(1, timeout=SHOWN_MS)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".emotion-bars")).to_have_count(0, timeout=SHOWN_MS)


def test_the_camera_of_a_plain_http_page_is_explained(
    playwright_driver: Playwright, server: harness.Server
) -> None:
    browser = harness.launch_with_name(playwright_driver, "emotion.test")
    with contextlib.closing(browser):
        page = browser.new_page()
        page.goto(server.url.replace("127.0.0.1", "emotion.test"))
        page.get_by_role("radio", name="Camera", exact=True).click(timeout=SHOWN_MS)
        expect(page.get_by_role("alert")).to_contain_text(
            "Browsers allow the camera only on https:// pages and on localhost.", timeout=SHOWN_MS
        )
        expect(page.locator('[data-testid="stCameraInput"]')).to_be_hidden()
        page.get_by_role("radio", name="Samples", exact=True).click()
        expect(page.get_by_role("button", name="Astronaut", exact=True)).to_be_visible(
            timeout=SHOWN_MS
        )
        expect(page.get_by_role("alert")).to_have_count(0)


def test_the_camera_of_localhost_takes_a_picture(page: Page, server: harness.Server) -> None:
    page.goto(server.url)
    page.get_by_role("radio", name="Camera", exact=True).click(timeout=SHOWN_MS)
    page.get_by_role("button", name="Take Photo").click(timeout=SHOWN_MS)
    expect(page.locator(".emotion-bars").first).to_be_visible(timeout=SHOWN_MS)
    expect(page.locator(".camera-notice")).to_be_hidden()


def test_the_answer_for_a_face_is_explained(sized_page: Page, server: harness.Server) -> None:
    sized_page.goto(server.url)
    sized_page.get_by_role("button", name="Two people", exact=True).click()
    expect(sized_page.locator(".emotion-bars")).to_have_count(2, timeout=SHOWN_MS)
    sized_page.get_by_text("Face 2", exact=True).click()
    pictures = sized_page.locator(".explanation img")
    expect(pictures).to_have_count(2, timeout=SHOWN_MS)
    expect(pictures.first).to_be_visible()
    assert "in orange" in (pictures.first.get_attribute("alt") or "")
    assert pictures.first.evaluate("image => image.naturalWidth") == 256
    sized_page.get_by_text("Valence and arousal").click()
    expect(sized_page.locator(".affect-point")).to_have_count(2)
    expect(sized_page.locator(".affect-point").first).to_be_visible()
    assert harness.overflow_px(sized_page) == 0
