"""Faces on the plane of valence and arousal, as HTML: cheap to update once a second."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from emotion.app.templating import render
from emotion.expression.valence_arousal import COORDINATES, valence_arousal
from emotion.imaging.annotation import face_color, ink_color
from emotion.types import EMOTIONS, Floats

if TYPE_CHECKING:
    from emotion.live import LiveHistory
    from emotion.tracking import TrackedFace

_LABELS_ON_THE_LEFT = ("fear", "happy")  # where the right has no room for them
_LIVE_PATH_S = 10.0
LIVE_PATH = f"the last {_LIVE_PATH_S:.0f} seconds"
"""What the lines of ``live_points`` are."""

_MAX_PATH_POINTS = 150
_SVG_SIDE = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class AffectPoint:
    """One face or person in the plot.

    Args:
        name: Such as "Face 1".
        number: On the point, from 1; sets the colour.
        probabilities: Shape (7,).
        path: Probabilities over time, (N, 7), drawn as a line; N = 0 for none.
    """

    name: str
    number: int
    probabilities: Floats
    path: Floats = field(default_factory=lambda: np.empty((0, len(EMOTIONS)), np.float32))


def affect_plot_html(points: Sequence[AffectPoint], *, path_name: str = "") -> Markup:
    """A ``figure.affect`` with the plane, the seven expressions in it, and the numbers as a list.

    Args:
        points: The faces.
        path_name: What the lines are, such as "the last 10 seconds"; empty without lines.
    """
    shown = []
    for point in points:
        valence, arousal = valence_arousal(point.probabilities).tolist()
        shown.append(
            {
                "name": point.name,
                "number": point.number,
                "color": face_color(point.number - 1),
                "ink": ink_color(face_color(point.number - 1)),
                "valence": _signed(valence),
                "arousal": _signed(arousal),
                **_place(valence, arousal),
            }
        )
    anchors = [
        {
            "name": name,
            "side": "left" if name in _LABELS_ON_THE_LEFT else "right",
            **_place(*COORDINATES[name]),
        }
        for name in EMOTIONS
    ]
    paths = base64.b64encode(paths_svg(points).encode()).decode()
    return render(
        "affect_plot.html", points=shown, anchors=anchors, paths=paths, path_name=path_name
    )


def live_points(
    faces: Sequence[TrackedFace], record: LiveHistory, until_s: float | None = None
) -> list[AffectPoint]:
    """The faces of a live stream, with the path of the last seconds.

    Args:
        faces: As they are now.
        record: Of the same stream.
        until_s: When the faces were seen, as for ``LiveHistory.timeline``.
    """
    return [
        AffectPoint(
            name=f"Face {face.track_id}",
            number=face.track_id,
            probabilities=face.probabilities,
            path=record.timeline(face.track_id, _LIVE_PATH_S, until_s)[1],
        )
        for face in faces
    ]


def paths_svg(points: Sequence[AffectPoint]) -> Markup:
    """The axes of the plane and the paths of the faces, as SVG."""
    paths = []
    for point in points:
        if len(point.path) > 1:
            bins = np.array_split(point.path, min(len(point.path), _MAX_PATH_POINTS))
            places = valence_arousal(np.stack([some.mean(axis=0) for some in bins]))
            x, y = (places * [1, -1] + 1).T * (_SVG_SIDE / 2)
            paths.append(
                {
                    "color": face_color(point.number - 1),
                    "points": " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)),
                }
            )
    return render("affect_paths.svg", paths=paths, side=_SVG_SIDE)


def _place(valence: float, arousal: float) -> dict[str, str]:
    """Left and top in percent of the plane."""
    return {"left": f"{50 + 50 * valence:.1f}", "top": f"{50 - 50 * arousal:.1f}"}


def _signed(value: float) -> str:
    """Such as "+0.62"; 0 has no sign."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "\N{MINUS SIGN}")
