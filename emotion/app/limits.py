"""How many live streams this server accepts at the same time."""

from __future__ import annotations

from typing import Any

from emotion.app.deployment import webrtc_setting

VIEWERS_VARIABLE = "EMOTION_MAX_VIEWERS"
"""Environment variable with the number of streams; overrides the secrets file."""

DEFAULT_VIEWERS = 4
"""For two cores; docs/live.md has the measurements and how to repeat them."""


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
