"""Uploads that stay with a visitor, whatever is shown, until they are removed.

Streamlit's upload widgets lose their files when they are not drawn for once: when another place or
another source is chosen. Here the files are put aside before that and shown again. They stay in
Streamlit's storage, so that the quotas count them and the end of the session frees them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from emotion.app.session_state import session_items
from emotion.app.streamlit_patches.session_cleanup import stop_work
from emotion.app.streamlit_patches.uploads import remove_upload


@dataclass
class Uploads:
    """What one upload widget holds, and what it held before it was drawn again.

    Attributes:
        current: The widget's files.
        earlier: Files that were put aside.
        generation: Of the widget; a new one has a new key, so it is empty.
    """

    current: list[Any] = field(default_factory=list)
    earlier: list[Any] = field(default_factory=list)
    generation: int = 0

    def put_aside(self) -> None:
        """Keeps the widget's files for when it is drawn again, empty."""
        self.earlier = self.current + self.earlier
        self.current = []
        self.generation += 1


def uploads(name: str, draw: Callable[[str], Any], *, limit: int) -> list[Any]:
    """Draws an upload widget; returns its files, then those that were put aside.

    Args:
        name: Of the place and its widget, such as "photo:upload".
        draw: Draws the widget with the given key; returns its file or files.
        limit: Files to keep; beyond it those that were put aside first are removed.
    """
    held: Uploads = st.session_state.setdefault(f"{name}s", Uploads())
    drawn = draw(f"{name}-{held.generation}")
    held.current = list(drawn) if isinstance(drawn, list) else [drawn] * (drawn is not None)
    while held.earlier and len(held.current) + len(held.earlier) > limit:
        remove_upload(held.earlier.pop())
    return held.current + held.earlier


def put_aside_uploads() -> None:
    """Puts the files of all upload widgets aside: another place or source will be drawn."""
    for _, value in session_items():
        if isinstance(value, Uploads):
            value.put_aside()


def remove(file: Any) -> None:
    """Removes one file of this visitor."""
    put_aside_uploads()  # or its widget would still show it
    for _, value in session_items():
        if isinstance(value, Uploads):
            value.earlier = [kept for kept in value.earlier if kept is not file]
    remove_upload(file)


def forget(place: str, *, but: tuple[str, ...] = ()) -> None:
    """Stops a place's work and deletes its files, its results and its settings immediately.

    Args:
        place: Prefix of its keys in the session's state, such as "photo".
        but: Keys that stay.
    """
    for key, value in session_items():
        if not key.startswith(f"{place}:") or key in but:
            continue
        stop_work(value)
        if isinstance(value, Uploads):
            for file in value.current + value.earlier:
                remove_upload(file)
            st.session_state[key] = Uploads(generation=value.generation + 1)
        else:
            st.session_state.pop(key, None)
