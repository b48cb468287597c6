"""Results in words: what the page says beside a picture or a chart.

Always about the apparent expression ("looks happy"), never about what somebody feels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from emotion.app.bars import percent
from emotion.types import EMOTIONS, Face

LOOKS = {
    "angry": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "happy": "happy",
    "sad": "sad",
    "surprise": "surprised",
    "neutral": "neutral",
}
"""How a face of each of ``EMOTIONS`` is said to look."""

UNSURE_MARGIN = 0.15
"""Two expressions closer than this are both named."""


def looks(probabilities: npt.NDArray[np.float32]) -> str:
    """Such as "looks happy, 93 %", or both names where the first two are close."""
    second, first = (int(i) for i in np.argsort(probabilities, kind="stable")[-2:])
    best, next_best = float(probabilities[first]), float(probabilities[second])
    word = LOOKS[EMOTIONS[first]]
    if best - next_best >= UNSURE_MARGIN:
        return f"looks {word}, {percent(best)}"
    other = LOOKS[EMOTIONS[second]]
    return f"unsure: looks {word} ({percent(best)}) or {other} ({percent(next_best)})"


def face_sentence(face: Face, number: int) -> str:
    """Such as "Face 1 looks happy, 93 %"."""
    text = looks(face.probabilities)
    return f"Face {number}, {text}" if text.startswith("unsure") else f"Face {number} {text}"


def faces_summary(faces: Sequence[Face]) -> str:
    """One sentence about all faces of a picture, for a caption and for screen readers."""
    if not faces:
        return "No face found."
    head = "" if len(faces) == 1 else f"{len(faces)} faces. "
    some = "; ".join(face_sentence(face, number) for number, face in enumerate(faces[:3], start=1))
    return f"{head}{some}{'; and more' if len(faces) > 3 else ''}."


def person_sentence(number: int, shares: npt.NDArray[np.float32]) -> str:
    """Such as "Person 1 mostly looks happy, 62 %"; shares: of each expression in time, (7,)."""
    best = int(shares.argmax())
    return f"Person {number} mostly looks {LOOKS[EMOTIONS[best]]}, {percent(float(shares[best]))}"


def clock(time_s: float) -> str:
    """A time within a clip, such as "0:03.2" or "1:02:03.4"."""
    tenths = round(time_s * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}:{tenths // 10:02d}.{tenths % 10}"


def counted(count: int, noun: str) -> str:
    """Such as "1 face" and "2 faces"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def plain(text: str, limit: int = 80) -> str:
    """A visitor's text (a file name) made safe for Markdown: every mark escaped, length bounded."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = f"{line[: limit // 2]}...{line[-limit // 2 :]}"
    return re.sub(r"([^\w\s])", r"\\\1", line)
