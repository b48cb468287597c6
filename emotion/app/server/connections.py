"""Sheds idle WebSockets before the file descriptors run out, which would shut everybody out.

Ends the sessions of visitors who closed the page, too, which keep descriptors and pictures.
"""

from __future__ import annotations

import logging
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.app.refusals import count_refusal
from emotion.app.streamlit_patches.session_cleanup import (
    end_session,
    session_of,
    shed_disconnected,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

RESERVED = 128
"""Descriptors kept free: for workers, live streams, and requests."""

KEPT_SESSIONS = 32
"""Sessions of visitors who left that are kept, in case they come back."""

SILENT_S = 5.0
"""A browser sends its first message immediately; a connection that has not is shed first."""

IDLE_S = 60.0
"""A visitor who did nothing for this long may be shed; the page then connects again by itself."""

# Registered close codes; browsers send the second when the page is closed, left or reloaded.
_TRY_AGAIN_LATER, _GOING_AWAY = 1013, 1001
_MARK = "emotion.connection"
_DESCRIPTORS = Path("/proc/self/fd")
_log = logging.getLogger(__name__)


def raise_descriptor_limit() -> int:
    """Raises the soft limit of file descriptors to the hard one; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems refuse an unlimited number.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@dataclass(eq=False)
class _Connection:
    """An open WebSocket.

    Attributes:
        send: Sends to its browser.
        last_s: Of its newest message, or of its beginning.
        heard: Whether the browser has sent anything.
    """

    send: Send
    last_s: float
    heard: bool = False

    @property
    def idle(self) -> bool:
        return time.monotonic() - self.last_s > (IDLE_S if self.heard else SILENT_S)


class ConnectionLimit:
    """ASGI middleware: when descriptors are short, a new WebSocket takes an idle one's place.

    Silent connections are closed before idle visitors, the oldest first. Where none is idle, the
    new one is refused. The session of a visitor who closed or reloaded the page is ended. Runs on
    the event loop alone.

    Args:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: set[_Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the connection on, or refuses it."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if not await self._has_room():
            count_refusal("connections")
            _log.warning("Too many connections: a visitor was refused.")
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
            return
        connection = scope[_MARK] = _Connection(send, time.monotonic())
        self._open.add(connection)
        left: Any = None

        async def heard() -> Any:
            nonlocal left
            message = await receive()
            if message["type"] == "websocket.receive":
                connection.last_s, connection.heard = time.monotonic(), True
            elif message.get("code") == _GOING_AWAY:
                left = session_of(_MARK, connection)
            return message

        try:
            await self._app(scope, heard, send)
        finally:
            self._open.discard(connection)
            if left is not None:
                end_session(left)
            shed_disconnected(KEPT_SESSIONS)

    async def _has_room(self) -> bool:
        """Whether there is room for one more connection, if need be by closing two idle ones."""
        if _free_descriptors() >= RESERVED:
            return True
        shed_disconnected(0)
        idle = sorted(
            (each for each in self._open if each.idle), key=lambda each: (each.heard, each.last_s)
        )
        for each in idle[:2]:
            self._open.discard(each)
            with suppress(Exception):  # it may be closing already
                await each.send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
        return bool(idle)


def _free_descriptors() -> int:
    """How many files this process may still open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY or not _DESCRIPTORS.is_dir():
        return RESERVED
    return limit - sum(1 for _ in _DESCRIPTORS.iterdir())
