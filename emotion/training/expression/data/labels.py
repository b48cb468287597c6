"""Labels of data sets, names or numbers, and the expressions they mean."""

from __future__ import annotations

from emotion.types import EMOTIONS

CONTEMPT = "contempt"
"""The eighth expression of CK+ and FER+; its pictures are left out where there are seven."""

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
"""Name of an expression -> its spellings in data sets."""

LABEL_ORDERS: dict[str, tuple[str, ...]] = {
    "fer2013": EMOTIONS,
    "ckplus": ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", CONTEMPT),
}
"""Name of a CSV data set -> its classes in the order of their numbers; FER2013's by default."""

_KNOWN = {
    spelling: name for name, spellings in SPELLINGS.items() for spelling in (name, *spellings)
}


def label_from_name(text: str) -> str | None:
    """One of ``EMOTIONS`` or ``CONTEMPT`` for a name in any known spelling and case; else None."""
    return _KNOWN.get(text.strip().lower())


def label_from_csv(text: str, order: tuple[str, ...]) -> str | None:
    """The expression of a CSV's label, a number in ``order`` or a name; None if unknown."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return order[int(text)] if int(text) < len(order) else None
    return label_from_name(text)
