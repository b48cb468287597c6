"""The names and numbers by which data sets call the expressions -> our labels."""

from __future__ import annotations

from emotion.types import EMOTIONS

CONTEMPT = "contempt"
"""CK+'s and FER+'s eighth expression: known, and left out of what has seven."""

SPELLINGS = {
    "angry": ("anger",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy"),
    "sad": ("sadness",),
    "surprise": ("surprised",),
    "neutral": ("neutrality",),
    CONTEMPT: ("contemptuous",),
}
"""Our name of an expression -> how other sets spell it."""

LABEL_ORDERS: dict[str, tuple[str, ...]] = {
    "fer2013": EMOTIONS,
    "ckplus": ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", CONTEMPT),
}
"""A CSV set's name -> what its label numbers mean. Sets of other names use FER2013's."""

_KNOWN = {
    spelling: name for name, spellings in SPELLINGS.items() for spelling in (name, *spellings)
}


def label_from_name(text: str) -> str | None:
    """One of ``EMOTIONS``, or CONTEMPT, by a name in any case and known spelling; else None."""
    return _KNOWN.get(text.strip().lower())


def label_from_csv(text: str, order: tuple[str, ...]) -> str | None:
    """What a CSV's label, a number in ``order`` or a name, means; None if it means nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return order[int(text)] if int(text) < len(order) else None
    return label_from_name(text)
