"""The page behind a real nginx with the configuration of ``deploy/``."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from emotion.samples import SAMPLES
from tests.browser import harness
from tests.browser.nginx import Proxy, proxy, unverified

SESSIONS = 20
"""Of one address, as in ``emotion.conf``."""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, server: harness.Server) -> Iterator[Proxy]:
    with proxy(tmp_path_factory.mktemp("nginx"), server) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A page whose browser accepts the certificate."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(90_000)  # a loaded machine
    yield page
    context.close()


def ask(url: str, *, data: bytes | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; data: the body of a POST."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=unverified()))
    try:
        with opener.open(urllib.request.Request(url, data, headers), timeout=20) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}


def test_headers_of_the_page(nginx: Proxy) -> None:
    status, headers = ask(nginx.url)
    assert status == 200
    assert "camera=(self)" in headers["permissions-policy"]
    assert "microphone=()" in headers["permissions-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "'unsafe-inline'" not in headers["content-security-policy"].split("style-src")[0]
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["server"] == "nginx", "without a version"
    status, headers = ask(f"{nginx.plain_url}/webcam")
    assert (status, headers["location"]) == (301, "https://127.0.0.1/webcam")


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/_stcore/metrics", "/webcam/_stcore/metrics", "/_stcore/agent/openapi.json"],
)
def test_what_is_for_the_operator_alone_is_not_found(nginx: Proxy, path: str) -> None:
    assert ask(nginx.url + path)[0] == 404


def test_other_origins_and_large_bodies_are_refused(nginx: Proxy) -> None:
    assert ask(nginx.url, Origin="https://other.example")[0] == 403
    assert ask(nginx.url, Origin="null")[0] == 403
    assert ask(nginx.url, Origin=nginx.url)[0] == 200
    assert ask(nginx.url, data=b"." * 100_000)[0] == 413


def session(nginx: Proxy, origin: str) -> ClientConnection:
    """A WebSocket to the page, as a browser that is at ``origin`` opens it."""
    url = nginx.url.replace("https", "wss") + "/_stcore/stream"
    return connect(url, ssl=unverified(), origin=Origin(origin), proxy=None, open_timeout=60)


def test_an_address_has_a_number_of_sessions(nginx: Proxy) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        session(nginx, "https://other.example")
    with ExitStack() as stack:
        for _ in range(SESSIONS):
            stack.enter_context(session(nginx, nginx.url))
        with pytest.raises(InvalidStatus, match="429"):
            session(nginx, nginx.url)


def test_a_visit_keeps_to_the_content_security_policy(nginx: Proxy, visitor: Page) -> None:
    broken: list[str] = []
    visitor.on(
        "console",
        lambda message: (
            broken.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    visitor.goto(nginx.url)
    visitor.set_input_files("input[type=file]", SAMPLES[0].path)
    expect(visitor.locator(".face-card").first).to_be_visible(timeout=60_000)
    shown = visitor.evaluate(
        """async () => {
            const icon = document.querySelector('link[rel~=icon][href*="/media/"]')
            const headers = (await fetch(icon.href)).headers
            return [headers.get('cache-control'), headers.get('cross-origin-resource-policy')]
        }"""
    )
    assert shown == ["no-store", "same-origin"], "once each"

    visitor.goto(f"{nginx.url}/about")
    expect(visitor.get_by_text("not for decisions about people", exact=False)).to_be_visible()

    visitor.goto(f"{nginx.url}/webcam")
    frame = harness.camera_frame(visitor)
    frame.get_by_role("button", name="Start", exact=True).click()
    assert harness.wait_for_frames(frame, 30, 60) >= 30
    # camera_notice.js puts a script into the camera's frame while that is still an empty document
    # under the page's policy, which blocks it; it does the same once the component is loaded.
    assert [text for text in broken if "Executing inline script" not in text] == []

    log = nginx.access_log()
    assert " GET / 200 " in log
    assert "127.0.0.0 " in log, "the address is cut to its network"
    assert "127.0.0.1 " not in log
    assert "/media/" not in log
    assert "/upload_file/" not in log
