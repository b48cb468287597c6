"""A visitor who left is forgotten in time, also when nobody comes after."""

import gc
import weakref
from types import SimpleNamespace

from streamlit.runtime.memory_session_storage import MemorySessionStorage

from emotion.app.sessions import reap


class Session:
    """Holds itself, as Streamlit's own does."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.me = self


def stored(storage: MemorySessionStorage, name: str) -> weakref.ref[Session]:
    session = Session(name)
    storage.save(SimpleNamespace(session=session))  # type: ignore[arg-type]
    return weakref.ref(session)


def test_streamlit_itself_keeps_who_left_until_the_next_one_leaves() -> None:
    """When this fails the library has mended it, and ``emotion.app.sessions`` can go."""
    storage = MemorySessionStorage(ttl_seconds=0)
    left = stored(storage, "a")
    assert storage.list() == []
    assert storage.get("a") is None
    gc.collect()
    assert left() is not None


def test_who_left_is_forgotten() -> None:
    storage = MemorySessionStorage(ttl_seconds=0)
    left = stored(storage, "a")
    assert reap(storage) == 1
    assert left() is None
    assert reap(storage) == 0


def test_who_may_come_back_is_not() -> None:
    storage = MemorySessionStorage(ttl_seconds=60)
    left = stored(storage, "a")
    assert reap(storage) == 0
    assert left() is not None
    assert len(storage.list()) == 1
