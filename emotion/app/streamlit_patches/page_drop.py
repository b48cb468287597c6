"""Pasting and dropping anywhere: Streamlit's file uploader takes only what is dropped on itself."""

from __future__ import annotations

from emotion.app.streamlit_patches.script_component import script_component

_component = script_component("page_drop")


def take_pasted_and_dropped_files(key: str) -> None:
    """Hands files that are pasted, or dropped anywhere on the page, to the page's file uploader.

    Args:
        key: Of the component.
    """
    _component(key=key)
