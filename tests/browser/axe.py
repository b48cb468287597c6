"""axe-core in the browser tests: what it finds on a page and in its frames."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# While the page runs again, Streamlit fades what may go: its contrast is that of no state.
_SETTLED = """() => !document.querySelector('[data-stale="true"]')
    && document.getAnimations().every((each) => !(each instanceof CSSTransition))"""

SEVERE = ("moderate", "serious", "critical")
"""Impacts of findings that no place of the page may have."""


def findings(page: Page) -> list[str]:
    """The findings of these impacts, each with the element that it is about.

    Args:
        page: In the state to be checked, which is waited for. Frames of the same origin are checked
            with it.

    Returns:
        Such as "serious color-contrast at ['.small']: Element has insufficient ...".
    """
    page.wait_for_function(_SETTLED, timeout=60_000)
    for frame in page.frames:
        frame.evaluate(AXE_SCRIPT)
    response: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['impact']} {violation['id']} at {node['target']}: {node['failureSummary']}\n"
        f"    {node['html'][:300]}"
        for violation in response["violations"]
        if violation["impact"] in SEVERE
        for node in violation["nodes"]
    ]
