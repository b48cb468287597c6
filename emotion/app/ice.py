"""The ICE (STUN and TURN) servers through which a browser and this server connect.

A server's configuration has either static credentials or a secret that is shared with the TURN
server (coturn's ``use-auth-secret``). With a secret, each start gets a user name that contains its
expiry time and a name of the session, and a password derived from it (Uberti 2013, "A REST API For
Access To TURN Services").
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

from emotion.app.deployment import webrtc_setting

ICE_VARIABLE = "EMOTION_ICE_SERVERS"
"""Environment variable with the ICE servers as a JSON list; overrides the secrets file."""

RELAY_VARIABLE = "EMOTION_RELAY_ONLY"
"""Environment variable: 1 uses only the TURN relay, to test it or where nothing else is allowed."""

VALID_S = 3600
"""Lifetime of a time-limited credential. coturn looks at it when an allocation is made; a running
stream keeps its allocation."""

_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")


def relay_only() -> bool:
    """Whether streams may use nothing but the TURN relay."""
    return os.environ.get(RELAY_VARIABLE, "").strip() == "1"


def rtc_configuration(servers: list[dict[str, Any]]) -> dict[str, Any]:
    """An ``RTCConfiguration`` with these servers."""
    # An empty list, not None: for None streamlit-webrtc uses a third party's STUN server.
    configuration: dict[str, Any] = {"iceServers": servers}
    if relay_only():
        configuration["iceTransportPolicy"] = "relay"
    return configuration


def ice_servers(user: str) -> list[dict[str, Any]]:
    """The configured servers, from ``EMOTION_ICE_SERVERS`` (JSON) or ``.streamlit/secrets.toml``.

    Example::

        [webrtc]
        ice_servers = [
            { urls = "turn:turn.example.org:3478", username = "u", credential = "c" },
            { urls = "turn:turn.example.org:3478", secret = "as in turnserver.conf" },
        ]

    Args:
        user: Name of the session in time-limited credentials; coturn counts its allocations.

    Returns:
        Each with ``urls`` and, if it has them, ``username`` and ``credential``. Empty by default,
        which is enough on one machine or network; on the internet, visitors behind a NAT or
        firewall need a TURN server.

    Raises:
        ValueError: If the setting does not have this form; the message holds no credential.
    """
    setting = webrtc_setting(ICE_VARIABLE, "ice_servers")
    if setting is None:
        return []
    given, source = setting
    if source == ICE_VARIABLE:
        try:
            given = json.loads(given)
        except json.JSONDecodeError as error:
            raise ValueError(f"expected JSON in {ICE_VARIABLE}, got an {error.msg!r}") from None
    return _checked(given, source, user)


def time_limited(secret: str, user: str, now_s: float, valid_s: float = VALID_S) -> tuple[str, str]:
    """User name and credential of a time-limited TURN login.

    Args:
        secret: Shared with the TURN server.
        user: Whose login it is.
        now_s: Seconds since 1970.
        valid_s: How long the login is valid.
    """
    username = f"{int(now_s + valid_s)}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def _checked(servers: Any, source: str, user: str) -> list[dict[str, Any]]:
    if isinstance(servers, str) or not isinstance(servers, (list, tuple)):
        raise ValueError(f"expected a list of servers in {source}, got {type(servers).__name__}")
    return [_server(server, source, user) for server in servers]


def _server(server: Any, source: str, user: str) -> dict[str, Any]:
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
        checked["username"], checked["credential"] = time_limited(secret, user, time.time())
    return checked
