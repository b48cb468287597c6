"""The seven probabilities of one face as a bar chart in plain HTML.

A list with text in every row instead of a canvas: a screen reader reads it, it costs little to
update once a second, and it takes the text colour of the theme around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from emotion.types import EMOTIONS

_ROOT = (
    "list-style:none;margin:0;padding:0;display:grid;"
    "grid-template-columns:max-content 1fr max-content;gap:.3rem .65rem;align-items:center;"
    "font-size:.875rem;line-height:1.25;color:inherit"
)
_ROW = "display:contents"
_CELL = "margin:0;padding:0"
_TRACK = (
    "display:block;height:.6rem;border-radius:.3rem;overflow:hidden;"
    "background:color-mix(in srgb, currentColor 10%, transparent)"
)
_STRONG, _FAINT = "font-weight:650", "opacity:.82"


def percent(probability: float) -> str:
    """The probability as text for the page, such as "93 %"."""
    return f"{100 * probability:.0f}\N{NO-BREAK SPACE}%"


def bars_html(
    probabilities: Sequence[float] | npt.NDArray[np.float32],
    color: tuple[int, int, int],
    *,
    title: str = "",
) -> str:
    """A ``ul.emotion-bars`` for ``st.html``: one row for each of ``EMOTIONS``, in their order.

    color: RGB of the face. title: what the chart is of, read out by screen readers. The order is
    fixed so that bars never jump while they follow a face; the most probable row is emphasised.
    Each row has ``data-emotion`` and ``data-probability`` (a fraction of four places).
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (len(EMOTIONS),) or not np.isfinite(values).all():
        raise ValueError(
            f"expected {len(EMOTIONS)} finite probabilities, got {np.asarray(probabilities)!r}"
        )
    values = values.clip(0.0, 1.0)
    top = int(values.argmax())
    rows = "".join(
        _row_html(name, float(value), color, index == top)
        for index, (name, value) in enumerate(zip(EMOTIONS, values, strict=True))
    )
    label = escape(title or "Probabilities of the seven apparent expressions", quote=True)
    return f'<ul class="emotion-bars" role="list" aria-label="{label}" style="{_ROOT}">{rows}</ul>'


def _row_html(name: str, value: float, color: tuple[int, int, int], is_top: bool) -> str:
    text = f"{_CELL};{_STRONG if is_top else _FAINT}"
    red, green, blue = color
    fill = (
        f"display:block;height:100%;width:{100 * value:.1f}%;border-radius:.3rem;"
        f"background:rgb({red},{green},{blue});opacity:{1 if is_top else 0.6}"
    )
    return (
        f'<li class="emotion-bar{" emotion-bar-top" if is_top else ""}" style="{_ROW}"'
        f' data-emotion="{name}" data-probability="{value:.4f}">'
        f'<span style="{text}">{name}</span>'
        f'<span aria-hidden="true" style="{_TRACK}"><span style="{fill}"></span></span>'
        f'<span style="{text};text-align:right;font-variant-numeric:tabular-nums;min-width:2.6rem">'
        f"{percent(value)}</span></li>"
    )
