"""The page behind a real nginx with the configuration of ``deploy/``."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.browser import harness
from tests.browser.nginx import Proxy, proxy, unverified


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, server: harness.Server) -> Iterator[Proxy]:
    with proxy(tmp_path_factory.mktemp("nginx"), server) as running:
        yield running


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
