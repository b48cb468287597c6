"""Pasting and dropping anywhere: Streamlit's file uploader takes only what is dropped on itself."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "emotion_page_drop",
    html="",
    js=(Path(__file__).parent / "page_drop.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def take_pasted_and_dropped_files(key: str) -> None:
    """Hands files that are pasted, or dropped anywhere on the page, to the page's file uploader.

    Args:
        key: Of the component.
    """
    _component(key=key)
