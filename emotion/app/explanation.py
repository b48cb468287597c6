"""Why a face got its answer: heat maps of its two most probable expressions; free of Streamlit."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np

import emotion
from emotion.app.captions import ADJECTIVES, probability_percent
from emotion.app.face_view import FaceView
from emotion.expression.occlusion import GRID, OcclusionMap, enlarge
from emotion.imaging.files import encode_image
from emotion.types import EMOTIONS, Floats, Image

_FOR, _AGAINST = (240, 132, 24), (31, 132, 226)  # orange, blue: distinct to colour-blind viewers
_MAX_ALPHA = 0.7
_MIN_EFFECT = 1.0
"""Log odds at full colour, at least: a map that says next to nothing stays pale."""

_MIN_CHANGE = 0.03  # of a probability, that is worth its two numbers

_PARTS = ("the eye on the left", "the eye on the right", "the nose", "the mouth")
"""Names of the first four landmarks."""

_NEAR = 0.2  # of the crop's side: farther from all landmarks, a region has their name no more


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """The regions that spoke for and against one expression.

    Attributes:
        title: Such as "Happy, 93%".
        text: Where the strongest region is, and what covering it changes.
        picture: The crop with the regions in colour, a data URL.
        alt: What the picture shows, for screen readers.
    """

    title: str
    text: str
    picture: str
    alt: str


def heat_maps(view: FaceView, analyzer: emotion.Analyzer) -> tuple[HeatMap, HeatMap]:
    """Explains a face's answer, and the expression that came second.

    Both maps have one scale, so that their colours can be compared.

    Args:
        view: The face.
        analyzer: Whose network classified it.
    """
    probabilities = analyzer.classify([view.crop])[0]
    found = analyzer.occlusion_map(view.crop)
    labels = [int(i) for i in np.argsort(probabilities, kind="stable")[::-1][:2]]
    picture = emotion.read_image(view.picture)
    scale = max(float(np.abs(found.effect[..., labels]).max()), _MIN_EFFECT)
    best, second = (
        _heat_map(view, found, picture, label, float(probabilities[label]), scale)
        for label in labels
    )
    return best, second


def overlay(picture: Image, effect: Floats, scale: float) -> Image:
    """A picture with a map drawn over it: orange where it is positive, blue where negative.

    Args:
        picture: RGB uint8 (H, W, 3).
        effect: float32 (rows, columns).
        scale: Effect at full colour.

    Returns:
        RGB uint8 (H, W, 3).
    """
    heat = np.clip(enlarge(effect, picture.shape[:2]) / scale, -1, 1)[..., None]
    color = np.where(heat > 0, np.array(_FOR, np.float32), np.array(_AGAINST, np.float32))
    gray = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    alpha = np.abs(heat) * _MAX_ALPHA
    return np.asarray(np.rint(gray + alpha * (color - gray)), np.uint8)


def region_name(row: int, column: int, landmarks: Floats | None) -> str:
    """The part of the face at a cell of the grid, such as "the mouth" or "the upper left".

    Args:
        row: From 0, top to bottom.
        column: From 0, left to right.
        landmarks: (K, 2) as fractions of the crop, or None.
    """
    place = (np.array([column, row]) + 0.5) / GRID
    if landmarks is not None and len(landmarks) >= len(_PARTS):
        distances = np.linalg.norm(landmarks[: len(_PARTS)] - place, axis=1)
        if distances.min() < _NEAR:
            return _PARTS[int(distances.argmin())]
    across, down = (int(value * 3) for value in place)
    if across == down == 1:
        return "the middle"
    words = (("upper", "", "lower")[down], ("left", "middle", "right")[across])
    return f"the {' '.join(filter(None, words))}"


def _heat_map(
    view: FaceView,
    found: OcclusionMap,
    picture: Image,
    label: int,
    probability: float,
    scale: float,
) -> HeatMap:
    effect = found.effect[..., label]
    row, column = (int(i) for i in np.unravel_index(int(effect.argmax()), effect.shape))
    name, part = ADJECTIVES[EMOTIONS[label]], region_name(row, column, view.landmarks)
    covered = found.covered_probability(row, column, label)
    text = _sentence(name, part, probability, covered, speaks=bool(effect[row, column] > 0))
    jpeg = encode_image(overlay(picture, effect, scale), suffix=".jpg", quality=88)
    return HeatMap(
        title=f"{name.capitalize()}, {probability_percent(probability)}",
        text=text,
        picture=f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}",
        alt=f"The face with the regions that speak for {name} in orange, and against it in blue. "
        + text,
    )


def _sentence(name: str, part: str, probability: float, covered: float, *, speaks: bool) -> str:
    """What covering the strongest region changes."""
    if not speaks:
        return f"No region speaks for {name}."
    if probability - covered < _MIN_CHANGE:
        return f"Strongest around {part}; covering that alone changes little."
    before, after = probability_percent(probability), probability_percent(covered)
    return f"Strongest around {part}: with it covered, {name} falls from {before} to {after}."
