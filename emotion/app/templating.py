"""HTML from the Jinja templates in ``templates/``, with every value escaped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LINE_BREAK = re.compile(r">\s*\n\s*<")


def render(template: str, **context: Any) -> Markup:
    """The filled-in template, without the line breaks between its tags.

    Args:
        template: File name in ``templates/``.
        context: The template's variables. Text is escaped, ``Markup`` is not.

    Returns:
        HTML that other templates insert as it is.
    """
    html = _ENVIRONMENT.get_template(template).render(context)
    # Escaped text holds no angle brackets: only the templates' own layout is removed.
    return Markup(_LINE_BREAK.sub("><", html).strip())  # noqa: S704


def style(name: str) -> Markup:
    """A style sheet in ``styles/``, to stand in a ``<style>`` element."""
    return Markup((_FOLDER / "styles" / name).read_text(encoding="utf-8"))  # noqa: S704
