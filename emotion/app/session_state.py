"""Reading all of a visitor's session state."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import streamlit as st

_ATTEMPTS = 100
_log = logging.getLogger(__name__)


def session_items() -> list[tuple[str, Any]]:
    """The keys of the visitor's session state and their values, as they are at this moment.

    Another thread of the session, such as the page's last run while it ends, may change it
    meanwhile: the keys are then read again, and what is gone is left out. A state that cannot be
    read at all, as after a made-up message of its visitor, is taken for empty and logged.
    """
    items = []
    for key in _keys():
        with contextlib.suppress(KeyError):
            items.append((key, st.session_state[key]))
    return items


def _keys() -> list[str]:
    problem: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            return [str(key) for key in st.session_state]
        except (RuntimeError, KeyError) as error:  # a dictionary changed its size, or a key is gone
            problem = error
    _log.info("A session's state cannot be read: %r", problem)
    return []
