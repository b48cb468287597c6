"""Lets go of what visitors gave: when they leave a place of the page, and when they are gone.

Streamlit (1.67) keeps a session for two minutes after its browser went, so that a short loss of
the network costs nothing (``server.disconnectedSessionTTL``). But what is older than that is taken
out only when the next visitor leaves, and then lives on until Python looks for circles: on a quiet
server the last visitors' pictures would stay in memory for good. And an upload stays until its
session ends, also when the place that showed it was left. Everything that leans on the library's
inside for this stands here.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ctypes
import gc
import logging
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

EVERY_S = 10.0
M_ARENA_MAX = -8  # mallopt(3)
ARENAS = 2
_log = logging.getLogger(__name__)


def forget_uploads() -> None:
    """Drops the files that this visitor uploaded, and the snapshots."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def drop(value: Any) -> None:
    """Ends the work that a value of a session stands for, if any: a clip's analysis."""
    stop = getattr(value, "stop", None)
    if callable(stop):
        stop()


@st.cache_resource(show_spinner=False)
def forget_who_left() -> threading.Thread | None:
    """Starts the thread that does so, once for the server; None where no server runs (a test)."""
    if not runtime.exists():
        return None
    _share_memory()
    server = runtime.get_instance()
    thread = threading.Thread(target=_watch, args=(server,), name="sessions", daemon=True)
    thread.start()
    return thread


@dataclass
class Leavers:
    """Who is away and may come back. Not thread-safe: it belongs to the event loop's thread."""

    away: dict[str, Any] = field(default_factory=dict)

    async def look(self, manager: Any) -> tuple[list[Any], bool]:
        """The sessions that ended since the last look, without their uploads; whether all left."""
        storage = manager._session_storage
        storage._cache.expire()
        here = {info.session.id for info in manager.list_active_sessions()}
        before, self.away = self.away, {s.session.id: s.session for s in storage.list()}
        gone = [
            session
            for name, session in before.items()
            if name not in self.away and name not in here
        ]
        for session in gone:
            session.shutdown()
        return gone, not self.away and not here


def _watch(server: Any) -> None:
    leavers, was_quiet = Leavers(), None
    while True:
        time.sleep(EVERY_S)
        try:
            loop: asyncio.AbstractEventLoop = server._get_async_objs().eventloop
            look = leavers.look(server._session_mgr)
            gone, quiet = asyncio.run_coroutine_threadsafe(look, loop).result()
        except (AttributeError, RuntimeError, concurrent.futures.CancelledError):
            # Another Streamlit; or the server is stopping.
            _log.warning("Sessions of visitors who left are kept until the next one leaves.")
            return
        for session in gone:
            forget(session)
        settled = was_quiet is None or (quiet and not was_quiet)
        if settled:
            # What is loaded by now stays: a collection that looks through it all would stall
            # everybody's stream for a tenth of a second and more.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        if gone or settled:
            _return_memory()
        was_quiet = quiet


def forget(session: Any) -> None:
    """Empties a session that ended; what is left of it says nothing of the visitor."""
    state = session.session_state
    try:
        for value in list(state.filtered_state.values()):
            drop(value)
    except Exception:  # noqa: BLE001 - whatever fails for one must not keep the others' pictures
        _log.exception("The work of a visitor who left could not be ended.")
    finally:
        state.clear()


def _glibc(function: str, *arguments: int) -> None:
    """Calls one of the C library's own functions, where it has it."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), function):
        getattr(library, function)(*arguments)


def _share_memory() -> None:
    """Has all threads allocate from few places: by itself glibc gives nearly each one its own, and
    the threads of streams that come and go leave every one half full."""
    _glibc("mallopt", M_ARENA_MAX, ARENAS)


def _return_memory() -> None:
    """Gives freed memory back to the system: by itself glibc keeps all below what still lives."""
    _glibc("malloc_trim", 0)
