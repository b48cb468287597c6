"""Pages run without a browser, by Streamlit's AppTest, with the real analyzer."""

from collections.abc import Iterator

import pytest

import emotion
from emotion.app import layout
from tests.pages.helpers import CountedAnalyzer


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedAnalyzer]:
    """The default analyzer, counted, in place of the shared one."""
    found = CountedAnalyzer()
    monkeypatch.setattr(emotion, "load_analyzer", lambda: found)
    layout.load.clear()
    yield found
    layout.load.clear()
