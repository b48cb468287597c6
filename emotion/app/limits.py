"""What this server accepts: live streams at a time, uploaded bytes, addresses of visitors."""

from __future__ import annotations

import os
from typing import Any, cast, get_args

from emotion.app.deployment import webrtc_setting
from emotion.live.offers import RefusedRange

VIEWERS_VARIABLE = "EMOTION_MAX_VIEWERS"
"""Environment variable with the number of streams; overrides the secrets file."""

DEFAULT_VIEWERS = 4
"""For two cores; docs/live.md has the measurements and how to repeat them."""

SESSION_UPLOADS_VARIABLE = "EMOTION_SESSION_UPLOADS_MB"
"""Environment variable: megabytes of uploads that a session may hold."""

ALL_UPLOADS_VARIABLE = "EMOTION_UPLOADS_MB"
"""Environment variable: megabytes of uploads that all sessions may hold together."""

DEFAULT_UPLOADS_MB = {SESSION_UPLOADS_VARIABLE: 400, ALL_UPLOADS_VARIABLE: 2000}

CANDIDATES_VARIABLE = "EMOTION_REFUSED_CANDIDATES"
"""Environment variable: addresses of visitors to which no connectivity check is sent; "private" for
a server on the internet, "loopback" by default, or "none"."""


def refused_candidates() -> RefusedRange:
    """The addresses that are refused, see ``emotion.live.offers``.

    Raises:
        ValueError: If the variable is set to anything else.
    """
    given = os.environ.get(CANDIDATES_VARIABLE, "").strip() or "loopback"
    for known in get_args(RefusedRange):
        if given == known:
            return cast("RefusedRange", known)
    raise ValueError(
        f"expected one of {', '.join(get_args(RefusedRange))} in {CANDIDATES_VARIABLE}, "
        f"got {given!r}"
    )


def upload_quotas_mb() -> tuple[int, int]:
    """The quotas of a session and of all, in megabytes.

    Raises:
        ValueError: If a variable is set to anything but a whole number from 1.
    """
    session_mb, all_mb = (
        _number(os.environ.get(name, "").strip() or default, name)
        for name, default in DEFAULT_UPLOADS_MB.items()
    )
    if session_mb is None or all_mb is None:
        raise ValueError(
            f"expected a whole number from 1 in {', '.join(DEFAULT_UPLOADS_MB)}, got 0"
        )
    return session_mb, all_mb


def max_viewers() -> int | None:
    """The limit from ``EMOTION_MAX_VIEWERS`` or ``.streamlit/secrets.toml``.

    Example::

        [webrtc]
        max_viewers = 4

    Returns:
        The number of streams; None for no limit, which is configured as 0.

    Raises:
        ValueError: If the setting is not a whole number from 0.
    """
    setting = webrtc_setting(VIEWERS_VARIABLE, "max_viewers")
    return DEFAULT_VIEWERS if setting is None else _number(*setting)


def _number(given: Any, source: str) -> int | None:
    text = str(given)
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"expected a whole number from 0 in {source}, got {given!r}")
    return int(text) or None
