"""Results and numbers as English text.

Always about the apparent expression ("looks happy"), never about what somebody feels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from emotion.expression.quality import CUT, SMALL_PX, FaceQuality
from emotion.types import EMOTIONS, Face

ADJECTIVES = {
    "angry": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "happy": "happy",
    "sad": "sad",
    "surprise": "surprised",
    "neutral": "neutral",
}
"""What a face of each of ``EMOTIONS`` looks like."""

SECURE_PAGES_ONLY = "Browsers allow the camera only on https:// pages and on localhost."
"""Said wherever a camera is wanted on another page."""

UNCLEAR_MARGIN = 0.15
"""Two probabilities closer than this: both expressions are named."""


_MOST = 0.5
"""An expression is there "mostly" from this share of the time on."""

_SMALL_CHANGE = 0.05
"""A rise of less than this from the resting face is not named."""

_TIE = 0.05
"""With a lead smaller than this, it is not "mostly" there even so."""


def percent(fraction: float, *, short: bool = False) -> str:
    """A measured fraction as text, such as "93%"; "100%" and "0%" only where they are exact.

    Args:
        fraction: 0..1.
        short: ">99%" and "<1%" in place of "over 99%" and "under 1%".
    """
    if 0.995 <= fraction < 1:
        return ">99%" if short else "over 99%"
    if 0 < fraction < 0.005:
        return "<1%" if short else "under 1%"
    return f"{100 * fraction:.0f}%"


def probability_percent(probability: float, *, short: bool = False) -> str:
    """``percent`` of a probability: never "100%" or "0%", which only rounding could give."""
    return percent(min(max(float(probability), 0.001), 0.999), short=short)


def points(difference: float) -> str:
    """A difference of two fractions in percentage points, such as "+62"; 0 has no sign."""
    rounded = round(100 * difference)
    return f"{rounded:+d}".replace("-", "\N{MINUS SIGN}") if rounded else "0"


def change_caption(
    probabilities: npt.NDArray[np.float32], resting: npt.NDArray[np.float32] | None
) -> str:
    """What changed most from a resting face, such as "Against the resting face: happy +62 points".

    Args:
        probabilities: Of the face now, (7,).
        resting: Of the same face at rest, (7,); None where none is set for it.
    """
    if resting is None:
        return "No resting face is set for this face."
    change = np.asarray(probabilities) - resting
    index = int(change.argmax())
    if change[index] < _SMALL_CHANGE:
        return "Against the resting face: little change"
    return f"Against the resting face: {EMOTIONS[index]} {points(float(change[index]))} points"


def expression_caption(probabilities: npt.NDArray[np.float32]) -> str:
    """Such as "looks happy, 93%", or "unclear, sad (41%) or neutral (39%)" where two are close.

    Args:
        probabilities: Shape (7,), in the order of ``EMOTIONS``.
    """
    best, second = _top_two(probabilities)
    if _is_unclear(probabilities):
        return f"unclear, {_with_percent(best)} or {_with_percent(second)}"
    (adjective, probability) = best
    return f"looks {adjective}, {probability_percent(probability)}"


def face_caption(face: Face, number: int) -> str:
    """Such as "Face 1 looks happy, 93%" or "Face 1: unclear, sad (41%) or neutral (39%)"."""
    separator = ":" if _is_unclear(face.probabilities) else ""
    return f"Face {number}{separator} {expression_caption(face.probabilities)}"


def quality_caption(quality: FaceQuality) -> str:
    """Such as "A small, dark face: less reliable than usual."; empty for a good one."""
    flaws = {
        "small": quality.is_small,
        "blurred": quality.is_blurred,
        "turned": quality.is_turned,
        "dark": quality.is_dark,
        "cut-off": quality.is_cut,
    }
    found = ", ".join(name for name, is_so in flaws.items() if is_so)
    return f"A {found} face: less reliable than usual." if found else ""


def quality_notes(quality: FaceQuality) -> list[str]:
    """A sentence on each thing that makes the face hard to classify."""
    notes = []
    if quality.is_small:
        notes.append(
            f"The face is small: {quality.side_px:.0f} pixels. Below {SMALL_PX:.0f} pixels, "
            "expressions are easily confused."
        )
    if quality.is_blurred:
        notes.append("The face is blurred: fine details of its expression are lost.")
    if quality.is_turned:
        notes.append("The face is turned to the side; the model knows frontal faces best.")
    if quality.is_dark:
        notes.append("The face is dark; more light on it gives a better answer.")
    if quality.is_cut:
        notes.append(
            f"The face is cut off: only {percent(quality.visible)} of it lies in the picture, "
            f"less than {percent(CUT)}."
        )
    return notes


def photo_caption(faces: Sequence[Face]) -> str:
    """One sentence on the faces of a photo, also as its text for screen readers."""
    if not faces:
        return "No face found."
    count = "" if len(faces) == 1 else f"{len(faces)} faces. "
    first = "; ".join(face_caption(face, number) for number, face in enumerate(faces[:3], start=1))
    return f"{count}{first}{'; and more' if len(faces) > 3 else ''}."


def shares_caption(shares: npt.NDArray[np.float32]) -> str:
    """Such as "mostly looks happy, 62%", or "looks happy (38%) or neutral (38%)" in a tie.

    "Mostly" takes half of the time and a lead over the next; below half of the time it is "looks
    happy most often, 45%", and all of the time "looks happy throughout".

    Args:
        shares: Fraction of the time with each expression, shape (7,).
    """
    order = np.argsort(-shares, kind="stable")
    best, second = (float(shares[i]) for i in order[:2])
    adjective = ADJECTIVES[EMOTIONS[int(order[0])]]
    if percent(best) == "100%":
        return f"looks {adjective} throughout"
    if best >= _MOST and best - second >= _TIE:
        return f"mostly looks {adjective}, {percent(best)}"
    tied = [int(i) for i in order if shares[i] > best - UNCLEAR_MARGIN and shares[i] > 0][:3]
    if len(tied) > 1:
        return "looks " + " or ".join(share_caption(i, shares) for i in tied)
    return f"looks {adjective} most often, {percent(best)}"


def share_caption(index: int, shares: npt.NDArray[np.float32]) -> str:
    """Such as "happy (38%)" for the expression with this index in ``EMOTIONS``."""
    return f"{ADJECTIVES[EMOTIONS[index]]} ({percent(float(shares[index]))})"


def person_caption(track_id: int, shares: npt.NDArray[np.float32]) -> str:
    """Such as "Person 1 mostly looks happy, 62%".

    Args:
        track_id: The person's number in the clip.
        shares: Fraction of the time with each expression, shape (7,).
    """
    return f"Person {track_id} {shares_caption(shares)}"


def timecode(time_s: float) -> str:
    """A time within a clip, such as "0:03.2" or "1:02:03.4"."""
    tenths = round(time_s * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}:{tenths // 10:02d}.{tenths % 10}"


def events_caption(events_s: Sequence[float]) -> str:
    """Such as "2 events, at 0:10.0, 0:20.0"; empty without events."""
    if not events_s:
        return ""
    times = ", ".join(timecode(time_s) for time_s in events_s[:10])
    return f"{counted(len(events_s), 'event')}, at {times}{' and more' * (len(events_s) > 10)}"


def rough_duration(seconds: float) -> str:
    """A remaining time, such as "about 8 s" or "about 3 min"."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Such as "1 face" and "2 faces"; ``plural`` is for nouns that do not just take an "s"."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def escape_markdown(text: str, limit: int = 80) -> str:
    """A visitor's text, such as a file name, as plain text for Markdown.

    Args:
        text: May hold any characters; line breaks become spaces.
        limit: Longer text is shortened in its middle.
    """
    line = " ".join(text.split())
    if len(line) > limit:
        line = f"{line[: limit // 2]}...{line[-limit // 2 :]}"
    return re.sub(r"([^\w\s])", r"\\\1", line)


def _top_two(probabilities: npt.NDArray[np.float32]) -> list[tuple[str, float]]:
    order = np.argsort(probabilities, kind="stable")[::-1][:2]
    return [(ADJECTIVES[EMOTIONS[int(i)]], float(probabilities[i])) for i in order]


def _is_unclear(probabilities: npt.NDArray[np.float32]) -> bool:
    best, second = _top_two(probabilities)
    return best[1] - second[1] < UNCLEAR_MARGIN


def _with_percent(named: tuple[str, float]) -> str:
    return f"{named[0]} ({probability_percent(named[1])})"


def queue_caption(files_ahead: int) -> str:
    """A visitor's place in the queue for the workers; empty at its front."""
    if not files_ahead:
        return ""
    return f"Waiting: {counted(files_ahead, 'file')} of others before yours …"
