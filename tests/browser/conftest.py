"""One server, one fake camera and one browser for all tests; a new visitor for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, sync_playwright

from emotion.app.limits import VIEWERS_VARIABLE
from tests.browser import harness

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)


_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Once more after a timeout: other work on the machine must not fail a test.

    Nothing else is run again, and pytest's summary lists what was ("RERUN").
    """
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["[Tt]imeout"]))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Server]:
    """The running app. No test may leave a traceback in its log.

    Without a limit of viewers: the last test's stream must not block the next one's.
    """
    log_file = tmp_path_factory.mktemp("server") / "server.log"
    with harness.serve(log_file, env={VIEWERS_VARIABLE: "0"}) as running:
        yield running
        assert not running.tracebacks(), running.log()


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def camera_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces in turn, three seconds each."""
    path = tmp_path_factory.mktemp("camera") / "faces.y4m"
    return harness.photo_camera(path, harness.heads())


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright, camera_film: Path) -> Iterator[Browser]:
    """Chromium that grants the camera."""
    running = harness.launch(playwright_driver, camera_film)
    yield running
    running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor at a desktop."""
    context = browser.new_context(viewport=DESKTOP)
    yield context.new_page()
    context.close()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def sized_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new visitor at a desktop, then one with a phone 390 pixels wide."""
    context = browser.new_context(viewport=request.param)
    yield context.new_page()
    context.close()
