"""The sessions of visitors who left are freed in time, also when nobody comes after."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.state import SessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from emotion.app.streamlit_patches.session_cleanup import (
    DisconnectedSessions,
    clear_session,
    stop_work,
)
from tests.coroutines import run_coroutine

UPLOADS = MemoryUploadedFileManager("/upload")


class Picture:
    """Something large that a page kept."""


class Work:
    """Something that goes on until it is stopped."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


class Session:
    """Refers to itself, as Streamlit's own does, with the real state and a real upload."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.me = self
        self.session_state = SessionState()
        self.work = self.session_state["video:job"] = Work()
        self.session_state["photo:results"] = Picture()
        UPLOADS.add_file(name, UploadedFileRec("1", "a.jpg", "image/jpeg", b"picture"))

    def shutdown(self) -> None:
        UPLOADS.remove_session_files(self.id)


class Manager:
    """What is used of Streamlit's, with its real storage and a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._session_storage = MemorySessionStorage()
        self._session_storage._cache = TTLCache(maxsize=128, ttl=120, timer=lambda: self.now_s)
        self.here: dict[str, Session] = {}

    def list_active_sessions(self) -> list[Any]:
        return [SimpleNamespace(session=session) for session in self.here.values()]

    def come(self, name: str) -> Session:
        self.here[name] = Session(name)
        return self.here[name]

    def leave(self, name: str) -> None:
        self._session_storage.save(SimpleNamespace(session=self.here.pop(name)))  # type: ignore[arg-type]


def polled(disconnected: DisconnectedSessions, manager: Manager) -> tuple[list[Any], bool]:
    return run_coroutine(disconnected.poll(manager))


def test_streamlit_itself_keeps_who_left_until_the_next_one_leaves() -> None:
    """When this fails, Streamlit has fixed it and the clean-up thread can go."""
    storage = MemorySessionStorage(ttl_seconds=0)
    session = Session("a")
    left = weakref.ref(session)
    storage.save(SimpleNamespace(session=session))  # type: ignore[arg-type]
    del session
    assert storage.list() == []
    assert storage.get("a") is None
    gc.collect()
    assert left() is not None


def test_who_left_is_forgotten_with_pictures_uploads_and_work() -> None:
    manager, disconnected = Manager(), DisconnectedSessions()
    session = manager.come("a")
    picture = weakref.ref(session.session_state["photo:results"])
    manager.leave("a")
    gc.disable()  # must not depend on the garbage collector
    try:
        assert polled(disconnected, manager) == ([], False)
        assert UPLOADS.get_files("a", ["1"])
        manager.now_s = 121
        assert polled(disconnected, manager) == ([session], True)
        clear_session(session)
        assert picture() is None
    finally:
        gc.enable()
    assert session.work.stopped
    assert not UPLOADS.get_files("a", ["1"])
    assert polled(disconnected, manager) == ([], True)


def test_a_widget_that_there_is_not_keeps_no_work_alive() -> None:
    """A browser may name any."""
    session = Session("c")
    named = WidgetStates()
    named.widgets.add(id="no widget", trigger_value=True)
    session.session_state.set_widgets_from_proto(named)
    with pytest.raises(KeyError):
        session.session_state.filtered_state  # noqa: B018
    clear_session(session)
    assert session.work.stopped
    session = Session("d")
    session.session_state._compact_state()
    session.session_state.set_widgets_from_proto(named)
    clear_session(session)
    assert session.work.stopped, "also what an earlier run left"


def test_work_that_cannot_be_ended_keeps_no_pictures(caplog: pytest.LogCaptureFixture) -> None:
    session = Session("b")
    session.session_state["a:first"] = SimpleNamespace(stop=lambda: 1 / 0)
    picture = weakref.ref(session.session_state["photo:results"])
    clear_session(session)
    assert picture() is None
    assert "ZeroDivisionError" in caplog.text


def test_who_may_come_back_is_not_and_neither_is_who_came_back() -> None:
    manager, disconnected = Manager(), DisconnectedSessions()
    session = manager.come("a")
    manager.leave("a")
    assert polled(disconnected, manager) == ([], False)
    manager._session_storage.delete("a")
    manager.here["a"] = session
    assert polled(disconnected, manager) == ([], False)
    assert UPLOADS.get_files("a", ["1"])
    assert disconnected.by_id == {}


def test_only_what_can_be_stopped_is() -> None:
    stop_work(Picture())
    work = Work()
    stop_work(work)
    assert work.stopped
