"""Reading all of a visitor's session state."""

from __future__ import annotations

from typing import Any

import streamlit as st

_ATTEMPTS = 100


def session_items() -> list[tuple[str, Any]]:
    """The keys of the visitor's session state and their values, as they are at this moment.

    Another thread of the session, such as the page's last run while it ends, may add or remove keys
    meanwhile; the state is then read again.

    Raises:
        RuntimeError: It changed at each of many attempts.
    """
    for _ in range(_ATTEMPTS):
        try:
            return [(str(key), value) for key, value in st.session_state.items()]
        except (RuntimeError, KeyError):  # a dictionary changed its size, or a key is gone
            continue
    raise RuntimeError("The session's state changed each time that it was read.")
