"""Settings of a deployment: from an environment variable, else from ``.streamlit/secrets.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st

METRICS_VARIABLE = "EMOTION_METRICS"
"""Environment variable: 1 serves the metrics, to everybody who reaches the server; 0 by default."""


def metrics_enabled() -> bool:
    """Whether ``/metrics`` is served.

    Raises:
        ValueError: If the variable is set to anything but 0 or 1.
    """
    given = os.environ.get(METRICS_VARIABLE, "").strip() or "0"
    if given not in ("0", "1"):
        raise ValueError(f"expected 0 or 1 in {METRICS_VARIABLE}, got {given!r}")
    return given == "1"


def webrtc_setting(variable: str, key: str) -> tuple[Any, str] | None:
    """A setting of the live stream.

    Args:
        variable: Environment variable, which overrides the secrets file.
        key: In the table ``[webrtc]`` of the secrets file.

    Returns:
        The value, and the source for error messages: the variable's name with the variable's text,
        or another with a TOML value. None where neither is set.

    Raises:
        ValueError: If ``webrtc`` is no table.
    """
    text = os.environ.get(variable, "").strip()
    if text:
        return text, variable
    if not st.secrets.load_if_toml_exists():
        return None
    section = st.secrets.get("webrtc", {})
    if not isinstance(section, Mapping):
        raise ValueError(f"expected a table [webrtc] in secrets.toml, got {section!r}")
    return (section[key], f"[webrtc] {key} of secrets.toml") if key in section else None
