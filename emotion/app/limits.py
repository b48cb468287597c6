"""How many visitors this server serves with a live picture at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

VIEWERS_VARIABLE = "EMOTION_MAX_VIEWERS"
"""Environment variable with the number of live pictures at once; before the secrets file."""

DEFAULT_VIEWERS = 4
"""For two cores; docs/live.md tells the figures behind it and how to measure your own."""


def max_viewers() -> int | None:
    """The number of live pictures at once; None where there is no limit.

    From the environment's ``EMOTION_MAX_VIEWERS`` or ``.streamlit/secrets.toml``::

        [webrtc]
        max_viewers = 4

    0 means no limit. Raises ``ValueError`` for another form.
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
