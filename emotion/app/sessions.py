"""Lets go of the sessions of visitors who left, with the pictures that they hold.

Streamlit (1.67) keeps a session for two minutes after its browser went, so that a short
loss of the network costs nothing (``server.disconnectedSessionTTL``). But what is older than that
is taken out only when the next visitor leaves: on a quiet server the last visitors' pictures would
stay in memory for good. Everything that leans on the library's inside for this stands here.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from typing import Any

import streamlit as st
from streamlit import runtime

EVERY_S = 10.0
_log = logging.getLogger(__name__)


@st.cache_resource(show_spinner=False)
def forget_who_left() -> threading.Thread | None:
    """Starts the thread that does so, once for the server; None where no server runs (a test)."""
    if not runtime.exists():
        return None
    server = runtime.get_instance()
    # What is loaded stays: a collection that looks through it all would stall everybody's stream
    # for a tenth of a second and more.
    gc.collect()
    gc.freeze()
    thread = threading.Thread(target=_watch, args=(server,), name="sessions", daemon=True)
    thread.start()
    return thread


def _watch(server: Any) -> None:
    while True:
        time.sleep(EVERY_S)
        try:
            loop: asyncio.AbstractEventLoop = server._get_async_objs().eventloop
            # The storage belongs to the event loop's thread.
            loop.call_soon_threadsafe(reap, server._session_mgr._session_storage)
        except (AttributeError, RuntimeError):  # another Streamlit; or the server is stopping
            _log.warning("Sessions of visitors who left are kept until the next one leaves.")
            return


def reap(storage: Any) -> int:
    """Takes the expired sessions out of Streamlit's storage; how many there were."""
    removed = len(storage._cache.expire())
    if removed:
        gc.collect()  # a session holds itself in circles
    return removed
