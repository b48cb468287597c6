"""Refuses the WebSockets of foreign pages, before Streamlit sees them.

Streamlit refuses them too, but first asks a foreign host for this server's external address, which
holds up every visitor's page and stream for as long as that takes (``server_util.py``,
``is_url_from_allowed_origins``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from emotion.app.refusals import count_refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send
import streamlit as st

_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


class OriginCheck:
    """ASGI middleware: a WebSocket's Origin must be the page's own, or one that the server allows.

    Allowed are the host that the browser asked for, ``browser.serverAddress``, and
    ``server.corsAllowedOrigins``. A client that is no browser sends no Origin and is let through.

    Args:
        app: The server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the connection on, or closes it, which answers the handshake with 403."""
        if scope["type"] == "websocket" and not _is_allowed(Headers(scope=scope)):
            count_refusal("foreign_origin")
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        await self._app(scope, receive, send)


def _is_allowed(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        address = urlsplit(origin)
        host = address.hostname
    except ValueError:
        return False
    if not host:
        return False  # "null", of a sandboxed page
    allowed = {o.strip().rstrip("/") for o in st.get_option("server.corsAllowedOrigins") or ()}
    return (
        address.netloc == headers.get("host")
        or origin in allowed
        or host == st.get_option("browser.serverAddress")
    )
