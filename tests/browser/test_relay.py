"""The stream where only a TURN server's relay is allowed, through a real coturn."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from emotion.app.ice import ICE_VARIABLE, RELAY_VARIABLE
from emotion.app.limits import CANDIDATES_VARIABLE
from tests.browser import harness
from tests.browser.coturn import TurnServer, turn_server

# Keeps hold of the component's connection, which it tells nobody about.
_KEEP = """() => {
    const Original = window.RTCPeerConnection
    window.connections = []
    window.RTCPeerConnection = class extends Original {
        constructor(...all) { super(...all); window.connections.push(this) }
    }
}"""
_CANDIDATES = """() => {
    const connection = window.connections.at(-1)
    return [connection.localDescription.sdp, connection.remoteDescription.sdp].map(
        (sdp) => sdp.split(/\\r?\\n/).filter((line) => line.includes('candidate:')))
}"""
_KINDS_IN_USE = """async () => {
    const stats = await window.connections.at(-1).getStats()
    const found = new Set()
    stats.forEach((each) => {
        if (each.type !== 'candidate-pair' || !each.nominated) return
        found.add(stats.get(each.localCandidateId).candidateType)
    })
    return [...found]
}"""


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("turn")) as running:
        yield running


def relay_only(servers: list[dict[str, str]]) -> dict[str, str]:
    """The environment of a page that may use these servers' relays and nothing else.

    The relay is on this machine, an address that a server in the internet refuses.
    """
    return {ICE_VARIABLE: json.dumps(servers), RELAY_VARIABLE: "1", CANDIDATES_VARIABLE: "none"}


def start(page: Page, url: str) -> Frame:
    page.add_init_script(f"({_KEEP})()")
    page.goto(f"{url}/webcam")
    frame = harness.camera_frame(page)
    frame.get_by_role("button", name="Start", exact=True).click()
    return frame


def test_pictures_come_back_through_the_relay_alone(
    browser: Browser, turn: TurnServer, tmp_path: Path
) -> None:
    env = relay_only([{"urls": turn.url, "secret": turn.secret}])
    with harness.serve(tmp_path / "server.log", env=env) as server:
        page = browser.new_page()
        try:
            frame = start(page, server.url)
            assert harness.wait_for_frames(frame, 30, 60) >= 30, f"{server.log()}\n{turn.log()}"
            assert frame.evaluate(_KINDS_IN_USE) == ["relay"]
            for candidates in frame.evaluate(_CANDIDATES):
                assert candidates
                for candidate in candidates:
                    assert " typ relay raddr 0.0.0.0 " in candidate, "no other address is told"
            expect(page.locator(".face-card").first).to_be_visible(timeout=30_000)
        finally:
            page.close()
        assert not server.tracebacks(), server.log()
    assert "ALLOCATE processed, success" in turn.log()


def test_a_login_is_given_at_the_start_for_the_session_alone_for_an_hour(
    browser: Browser, turn: TurnServer, tmp_path: Path
) -> None:
    env = relay_only([{"urls": turn.url, "secret": turn.secret}])
    users: list[set[str]] = []
    with harness.serve(tmp_path / "server.log", env=env) as server:
        for _ in range(2):
            page = browser.new_page()
            got = messages(page)
            try:
                page.goto(f"{server.url}/webcam")
                frame = harness.camera_frame(page)
                button = frame.get_by_role("button", name="Start", exact=True)
                expect(button).to_be_enabled(timeout=30_000)
                page.wait_for_timeout(1000)
                assert got
                assert not logins(got), "before the start"
                button.click()
                assert harness.wait_for_frames(frame, 5, 60) >= 5, turn.log()
                users.append(logins(got))
            finally:
                page.close()
    names = [{login.partition(":")[2] for login in given} for given in users]
    assert [len(each) for each in names] == [1, 1]
    assert names[0] != names[1], "each session has its own"
    for login in set.union(*users):
        assert 3000 < int(login.partition(":")[0]) - time.time() <= 3600
        assert f"username=<{login}>" in turn.log()


def messages(page: Page) -> list[str]:
    """A list that takes what the server sends to the page from now on."""
    got: list[str] = []

    def add(data: str | bytes) -> None:
        got.append(data if isinstance(data, str) else data.decode("latin-1"))

    page.on("websocket", lambda socket: socket.on("framereceived", add))
    return got


def logins(got: list[str]) -> set[str]:
    """The user names of time-limited logins: the second at which they end, and a name."""
    return set(re.findall(r"\b\d{10}:[0-9a-f]{16}\b", "\n".join(got)))


def test_with_a_wrong_secret_no_picture_comes_and_the_page_says_so(
    browser: Browser, turn: TurnServer, tmp_path: Path
) -> None:
    env = relay_only([{"urls": turn.url, "secret": "another secret"}])
    with harness.serve(tmp_path / "server.log", env=env) as server:
        page = browser.new_page()
        try:
            frame = start(page, server.url)
            expect(harness.shown_text(page, "no way to send video to each other")).to_be_visible(
                timeout=60_000
            )
            assert harness.frames_returned(frame) == 0
        finally:
            page.close()
        assert not server.tracebacks(), server.log()
