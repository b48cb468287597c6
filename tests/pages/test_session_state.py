"""All of a visitor's session state, while other threads of the session change it."""

from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st

from emotion.app import session_state


class Changing(dict[str, Any]):
    """A state that changes while it is read, some times; one key has no value."""

    def __init__(self, times: int) -> None:
        super().__init__({"photo:work": 1, "video:job": 2, "widget": 3})
        self.times = times

    def __iter__(self) -> Iterator[str]:
        reading = super().__iter__()
        yield next(reading)
        if self.times:
            self.times -= 1
            self[f"photo:{self.times}"] = 0
        yield from reading

    def __getitem__(self, key: str) -> Any:
        if key == "widget":
            raise KeyError(key)
        return super().__getitem__(key)


def test_a_state_that_changes_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", Changing(3))
    items = dict(session_state.session_items())
    assert items == {"photo:work": 1, "video:job": 2, "photo:2": 0, "photo:1": 0, "photo:0": 0}


def test_reading_does_not_go_on_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(st, "session_state", Changing(10_000))
    caplog.set_level("INFO")
    assert session_state.session_items() == []
    assert "changed size" in caplog.text
