"""Pages run without a browser, by Streamlit's AppTest, with a stand-in for the analyzer.

The stand-in takes a picture's bright pixels for a face: what the pages do with a result is tested
here, whether the result is right elsewhere.
"""

from collections.abc import Iterator

import pytest

import emotion
from emotion.app import shared
from tests.pages.stand_in import StandIn


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in, in the place of the default analyzer."""
    found = StandIn()
    monkeypatch.setattr(emotion, "load_analyzer", lambda: found)
    shared.load.clear()
    yield found
    shared.load.clear()
