"""Pages run without a browser, by Streamlit's AppTest, with real worker processes."""

import pytest

from tests.pages.helpers import CountedWork


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> CountedWork:
    """The worker processes, counted."""
    return CountedWork(monkeypatch)
