"""Pictures under /media: not cached, and gone when their visitor is."""

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from emotion.app.streamlit_patches.session_cleanup import POLL_EVERY_S
from tests.browser import harness
from tests.clips import of_a_sample
from tests.visitor import Visitor

CLOSED, LOST = 1001, 1006


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Server]:
    env = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "15"}
    with harness.serve(tmp_path_factory.mktemp("server") / "log", env=env) as running:
        yield running
        assert not running.tracebacks(), running.log()


def media(visitor: Visitor, number: int) -> list[str]:
    """Addresses of a clip with boxes, as the page shows it and as a download."""
    # Another clip for each visitor: equal files have equal addresses.
    visitor.show(of_a_sample(number), "clip.mp4", timeout_s=120)
    shown = visitor.press("Analyse", timeout_s=300)
    while "Annotated video (MP4)" not in shown:
        shown = "".join(visitor.messages(300))
    found = sorted(set(re.findall(r"/media/[0-9a-f]+\.mp4", shown)))
    assert len(found) == 2, found
    return [visitor.url + address for address in found]


def is_there(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code != 404


def wait_until_gone(urls: list[str], timeout_s: float, at_most: int = 0) -> None:
    end_s = time.monotonic() + timeout_s
    while sum(is_there(url) for url in urls) > at_most:
        assert time.monotonic() < end_s, "pictures of a visitor who left are still there"
        time.sleep(0.5)


def test_no_copy_is_kept_on_the_way(server: harness.Server) -> None:
    with Visitor(server.url, page="video") as visitor:
        for url in media(visitor, 0):
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_closes_the_page_leaves_nothing_behind(server: harness.Server) -> None:
    with Visitor(server.url, page="video") as other, Visitor(server.url, page="video") as visitor:
        kept, left = media(other, 1), media(visitor, 2)
        assert all(is_there(url) for url in kept + left)
        visitor.leave(CLOSED)
        wait_until_gone(left, 5, at_most=1)
        wait_until_gone(left, 3 * POLL_EVERY_S)  # downloads go in the clean-up's second round
        assert all(is_there(url) for url in kept), "those of others stay"


def test_after_a_lost_connection_everything_stays_for_a_while(server: harness.Server) -> None:
    with Visitor(server.url, page="video") as visitor:
        left = media(visitor, 0)
        visitor.socket.socket.shutdown(2)
        time.sleep(5)
        assert all(is_there(url) for url in left)
        wait_until_gone(left, 15 + 4 * POLL_EVERY_S)
