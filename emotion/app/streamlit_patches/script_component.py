"""Components whose script, style and markup stand in the page itself, without an iframe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def script_component(
    name: str, *, html: str | None = None, css: str | None = None, uses: Sequence[str] = ()
) -> Callable[..., Any]:
    """Registers a component; called once, when its module is imported.

    Args:
        name: Of its script in this folder, without ``.js``.
        html: Its markup.
        css: Name of its style sheet in this folder.
        uses: Names of scripts in this folder, without ``.js``, whose functions its own calls; each
            component is a module of its own, with a copy of them.

    Returns:
        A function that draws it, with the arguments ``data`` and ``key``.
    """
    return st.components.v2.component(
        f"emotion_{name}",
        html=html,
        css=None if css is None else _text(css),
        js="\n".join(_text(f"{each}.js") for each in (*uses, name)),
        isolate_styles=False,
    )


def _text(file: str) -> str:
    return (_FOLDER / file).read_text(encoding="utf-8")
