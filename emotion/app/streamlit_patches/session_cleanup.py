"""Frees the sessions of visitors who have left.

Streamlit keeps a session for two minutes after its browser has gone, so that a short network loss
costs nothing (``server.disconnectedSessionTTL``). A browser that closes or reloads the page says so
when it closes the WebSocket, and cannot come back to the session: ``end_session`` frees that one
immediately. Expired sessions are only removed when the next visitor leaves, and then stay alive
until Python's garbage collector finds their reference cycles: on a quiet server the last visitors'
pictures would stay in memory indefinitely. A background thread removes and empties them instead,
and ends the work of visitors who have not come back after one round. Each session holds three file
descriptors, those of its event loop, so ``shed_disconnected`` bounds how many are kept.

Of the pictures under ``/media``, Streamlit deletes downloads only when another session ends twice
after; the thread deletes them in its next two rounds.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit import runtime

from emotion.app import malloc

POLL_EVERY_S = 10.0
_ended_early = threading.Event()
"""Set when a session was ended since the last round."""
_log = logging.getLogger(__name__)


def stop_work(value: Any) -> None:
    """Calls ``value.stop()`` if there is such a method: ends the analysis of a clip."""
    stop = getattr(value, "stop", None)
    if callable(stop):
        stop()


@st.cache_resource(show_spinner=False)
def start_session_cleanup() -> threading.Thread | None:
    """Starts the clean-up thread, once per server.

    Returns:
        The thread, or None where no server runs (in a test).
    """
    if not runtime.exists():
        return None
    malloc.limit_arenas()
    server = runtime.get_instance()
    thread = threading.Thread(target=_run, args=(server,), name="session-cleanup", daemon=True)
    thread.start()
    return thread


@dataclass
class DisconnectedSessions:
    """The sessions whose browser has gone but may come back.

    Not thread-safe: to be used on Streamlit's event loop.
    """

    by_id: dict[str, Any] = field(default_factory=dict)

    async def poll(self, manager: Any) -> tuple[list[Any], bool]:
        """Shuts down the sessions that expired since the last call, which removes their uploads.

        Args:
            manager: Streamlit's session manager.

        Returns:
            The expired sessions, and whether no session at all is left.
        """
        storage = manager._session_storage
        storage._cache.expire()
        active = {info.session.id for info in manager.list_active_sessions()}
        before, self.by_id = self.by_id, {s.session.id: s.session for s in storage.list()}
        expired = [
            session
            for session_id, session in before.items()
            if session_id not in self.by_id and session_id not in active
        ]
        for session in expired:
            session.shutdown()
        if runtime.exists():
            # Deletes what was marked in the last round, and marks what no session shows any more.
            server: Any = runtime.get_instance()
            server.media_file_mgr.remove_orphaned_files()
        for session_id in before.keys() & self.by_id.keys():
            _stop_all(before[session_id])
        return expired, not self.by_id and not active


def shed_disconnected(keep: int) -> None:
    """Ends the sessions of visitors who have left, all but the last ``keep``.

    To be called on Streamlit's event loop.
    """
    if not runtime.exists():
        return
    server: Any = runtime.get_instance()
    storage = server._session_mgr._session_storage
    stored = storage.list()
    for kept in stored[: max(0, len(stored) - keep)]:
        _end(storage, kept.session)


def session_of(mark: str, value: object) -> Any:
    """The session whose WebSocket has this value in its ASGI scope; None if there is none.

    Args:
        mark: The key in the scope.
        value: The very object.
    """
    if not runtime.exists():
        return None
    server: Any = runtime.get_instance()
    for info in server._session_mgr.list_active_sessions():
        if info.client._websocket.scope.get(mark) is value:
            return info.session
    return None


def end_session(session: Any) -> None:
    """Ends the session of a visitor who closed or reloaded the page, unless it is connected again.

    To be called on Streamlit's event loop, after the session's WebSocket has ended.
    """
    server: Any = runtime.get_instance()
    if server._session_mgr.get_active_session_info(session.id) is None:
        _end(server._session_mgr._session_storage, session)


def _end(storage: Any, session: Any) -> None:
    storage.delete(session.id)
    session.shutdown()
    _ended_early.set()
    # Not here: ending work waits for processes.
    asyncio.get_running_loop().run_in_executor(None, clear_session, session)


def clear_session(session: Any) -> None:
    """Stops the work of a session that has ended and deletes its state."""
    try:
        _stop_all(session)
    finally:
        session.session_state.clear()


def _stop_all(session: Any) -> None:
    """Stops the work of a session; its state stays."""
    try:
        # Not filtered_state: it raises where a browser named a widget that there is not.
        state = session.session_state
        for value in (*state._new_session_state.values(), *state._old_state.values()):
            stop_work(value)
    except Exception:  # noqa: BLE001 - one failure must not keep other visitors' pictures alive
        _log.exception("The work of a visitor who left could not be stopped.")


def _run(server: Any) -> None:
    disconnected, was_idle = DisconnectedSessions(), None
    while True:
        time.sleep(POLL_EVERY_S)
        try:
            loop: asyncio.AbstractEventLoop = server._get_async_objs().eventloop
            poll = disconnected.poll(server._session_mgr)
            expired, idle = asyncio.run_coroutine_threadsafe(poll, loop).result()
        except (AttributeError, RuntimeError, concurrent.futures.CancelledError):
            # An untested version of Streamlit, or the server is shutting down.
            _log.warning("Sessions of visitors who left are kept until the next one leaves.")
            return
        for session in expired:
            clear_session(session)
        became_idle = was_idle is None or (idle and not was_idle)
        if became_idle:
            # Freeze what is loaded by now: a collection that walks through all of it would stall
            # every stream for 100 ms and more.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        if expired or became_idle or _ended_early.is_set():
            _ended_early.clear()
            malloc.trim()
        was_idle = idle
