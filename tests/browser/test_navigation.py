"""Four pages, reached by links of exactly these texts, and nothing loaded from other hosts."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import harness

PAGES = ("Photo", "Webcam", "Video", "About")


@pytest.mark.parametrize("first", PAGES)
def test_every_page_is_reached_by_a_link_of_its_name(
    page: Page, server: harness.Server, first: str
) -> None:
    page.goto(server.url)
    page.get_by_role("link", name=first, exact=True).first.click()
    page.wait_for_url("**/" if first == "Photo" else f"**/{first.lower()}")
    expect(page.locator("h1").first).to_be_visible()
    for name in PAGES:
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)


def test_nothing_is_loaded_from_another_host(page: Page, server: harness.Server) -> None:
    hosts: set[str] = set()

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            hosts.add(parts.netloc)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.goto(server.url)
    for name in PAGES:
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert hosts == {urlsplit(server.url).netloc}


def test_no_page_is_wider_than_the_window(sized_page: Page, server: harness.Server) -> None:
    for name in PAGES:
        sized_page.goto(f"{server.url}/{'' if name == 'Photo' else name.lower()}")
        expect(sized_page.locator("h1").first).to_be_visible()
        sized_page.wait_for_load_state("networkidle")
        assert harness.overflow_px(sized_page) == 0, name
