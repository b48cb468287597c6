"""How many live streams this server accepts at the same time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

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
    text = os.environ.get(VIEWERS_VARIABLE, "").strip()
    if text:
        return _number(text, VIEWERS_VARIABLE)
    if not st.secrets.load_if_toml_exists():
        return DEFAULT_VIEWERS
    section = st.secrets.get("webrtc", {})
    if not isinstance(section, Mapping):
        raise ValueError(f"expected a table [webrtc] in secrets.toml, got {section!r}")
    given = section.get("max_viewers", DEFAULT_VIEWERS)
    return _number(given, "[webrtc] max_viewers of secrets.toml")


def _number(given: Any, source: str) -> int | None:
    text = str(given)
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"expected a whole number from 0 in {source}, got {given!r}")
    return int(text) or None
