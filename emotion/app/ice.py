"""The STUN and TURN servers by which a visitor's browser and this server may find each other.

Static credentials stand in the configuration. Of the time-limited kind only the secret does, shared
with the TURN server (coturn's ``use-auth-secret``): each start gets a user name that holds when it
ends, and a password made from it (Uberti 2013, "A REST API For Access To TURN Services").
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

ICE_VARIABLE = "EMOTION_ICE_SERVERS"
"""Environment variable with the ICE servers as a JSON list; before the secrets file."""

RELAY_VARIABLE = "EMOTION_RELAY_ONLY"
"""Set to 1, only the TURN server's relay is used: to try it, or where no other way is allowed."""

VALID_S = 12 * 3600
"""How long a time-limited credential holds; TURN asks for it again while a stream runs."""

_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")


def rtc_configuration() -> dict[str, Any]:
    """The browser's ``RTCConfiguration``; ``ValueError`` for settings of another form."""
    # An empty list and not None: for None the library asks a STUN server of a third party.
    configuration: dict[str, Any] = {"iceServers": ice_servers()}
    if os.environ.get(RELAY_VARIABLE, "").strip() == "1":
        configuration["iceTransportPolicy"] = "relay"
    return configuration


def ice_servers() -> list[dict[str, Any]]:
    """The servers, each with ``urls`` and, where it has some, ``username`` and ``credential``.

    From the environment's ``EMOTION_ICE_SERVERS`` (JSON) or ``.streamlit/secrets.toml``::

        [webrtc]
        ice_servers = [
            { urls = "turn:turn.example.org:3478", username = "u", credential = "c" },
            { urls = "turn:turn.example.org:3478", secret = "as in turnserver.conf" },
        ]

    None by default, which is enough on one machine or one network; a server on the internet needs
    a TURN server for visitors behind strict networks. Raises ``ValueError`` for another form; its
    text holds no credential.
    """
    text = os.environ.get(ICE_VARIABLE, "").strip()
    if text:
        try:
            return _checked(json.loads(text), ICE_VARIABLE)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected JSON in {ICE_VARIABLE}, got an {error.msg!r}") from None
    if not st.secrets.load_if_toml_exists():
        return []
    section = st.secrets.get("webrtc", {})
    return _checked(section.get("ice_servers", []), "[webrtc] ice_servers of secrets.toml")


def time_limited(secret: str, now_s: float, valid_s: float = VALID_S) -> tuple[str, str]:
    """User name and credential that hold until ``now_s + valid_s``, seconds since 1970."""
    username = f"{int(now_s + valid_s)}:emotion"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def _checked(servers: Any, source: str) -> list[dict[str, Any]]:
    if isinstance(servers, str) or not isinstance(servers, (list, tuple)):
        raise ValueError(f"expected a list of servers in {source}, got {type(servers).__name__}")
    return [_server(server, source) for server in servers]


def _server(server: Any, source: str) -> dict[str, Any]:
    urls = server.get("urls") if isinstance(server, Mapping) else None
    urls = [urls] if isinstance(urls, str) else urls
    if (
        not isinstance(urls, (list, tuple))
        or not urls
        or not all(isinstance(url, str) and url.startswith(_SCHEMES) for url in urls)
    ):
        raise ValueError(
            f"expected every server in {source} to have urls that begin with one of "
            f"{', '.join(_SCHEMES)}"
        )
    checked = {**server, "urls": list(urls)}
    secret = checked.pop("secret", None)
    if secret is not None:
        if not isinstance(secret, str) or "credential" in checked:
            raise ValueError(
                f"expected a server in {source} to have either a secret or a credential, as text"
            )
        checked["username"], checked["credential"] = time_limited(secret, time.time())
    return checked
