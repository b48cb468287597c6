"""The seven probabilities of one face as a bar chart.

An HTML list rather than a canvas: screen readers read it, it is cheap to update once a second, and
it takes the text colour of the theme around it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from emotion.app.captions import percent, points, probability_percent
from emotion.app.templating import render
from emotion.types import EMOTIONS, Floats


def bars_html(
    probabilities: Sequence[float] | npt.NDArray[np.float32],
    color: tuple[int, int, int],
    *,
    label: str = "Probabilities of the seven apparent expressions",
    shares: bool = False,
    resting: Floats | None = None,
) -> Markup:
    """A ``ul.emotion-bars`` with a row for each of ``EMOTIONS``, in their order.

    The order is fixed so that the rows do not jump while they follow a face; the most probable one
    is emphasised. Each row has ``data-emotion`` and ``data-probability`` (with four decimals).

    Args:
        probabilities: Shape (7,), finite, clipped to 0..1.
        color: RGB of the bars, 0..255.
        label: What the chart shows, for screen readers.
        shares: The numbers are measured shares of time, which can be exactly 0% or 100%.
        resting: Probabilities of the same face at rest, (7,): marked on each bar, and the
            difference from them in percentage points follows the percentage.

    Raises:
        ValueError: If ``probabilities`` are not seven finite numbers.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != (len(EMOTIONS),) or not np.isfinite(values).all():
        raise ValueError(
            f"expected {len(EMOTIONS)} finite probabilities, got {np.asarray(probabilities)!r}"
        )
    values = values.clip(0.0, 1.0)
    top = int(values.argmax())
    as_text = percent if shares else probability_percent
    bars: list[dict[str, object]] = [
        {
            "emotion": emotion,
            "probability": value,
            "percent": as_text(value, short=True),
            "is_top": index == top,
        }
        for index, (emotion, value) in enumerate(zip(EMOTIONS, values.tolist(), strict=True))
    ]
    if resting is not None:
        for bar, value, rest in zip(bars, values.tolist(), resting.tolist(), strict=True):
            bar |= {"resting": 100 * rest, "change": points(value - rest)}
    return render("bars.html", bars=bars, color=color, label=label, with_change=resting is not None)
