"""Labels of data sets, names or numbers, and the expressions they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emotion.errors import DataError
from emotion.types import EMOTIONS

CONTEMPT = "contempt"
"""The eighth expression of CK+, FER+ and AffectNet; its pictures are left out."""

SPELLINGS = {
    "angry": ("anger",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy"),
    "sad": ("sadness",),
    "surprise": ("surprised", "suprise"),  # the second in several published sets
    "neutral": ("neutrality",),
    CONTEMPT: ("contemptuous",),
}
"""Name of an expression -> its spellings in data sets."""

LabelOrder = Mapping[int, str]
"""Label number -> one of ``EMOTIONS`` or ``CONTEMPT``."""

LABEL_ORDERS: dict[str, LabelOrder] = {
    "fer2013": dict(enumerate(EMOTIONS)),
    "ckplus": dict(enumerate((*EMOTIONS, CONTEMPT))),
    "rafdb": dict(
        enumerate(("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"), start=1)
    ),
    "affectnet": dict(
        enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", CONTEMPT))
    ),
}
"""Name of a data set -> what its label numbers mean, by the set's own documentation."""

_KNOWN = {
    spelling: name for name, spellings in SPELLINGS.items() for spelling in (name, *spellings)
}


def label_from_name(text: str) -> str | None:
    """One of ``EMOTIONS`` or ``CONTEMPT`` for a name in any known spelling and case; else None.

    A number before the name is ignored: ``0_angry``, ``3 - Happiness``.
    """
    return _KNOWN.get(re.sub(r"^\d+[\s._-]+", "", text.strip().lower()))


def number_of(text: str) -> int | None:
    """The label number that a text is, also as ``3.0``; None if it is none."""
    found = re.fullmatch(r"(\d{1,9})(\.0*)?", text.strip(), re.ASCII)
    return int(found[1]) if found else None


def label_from_csv(text: str, order: LabelOrder) -> str | None:
    """The expression of a CSV's or folder's label, a number of ``order`` or a name, or None."""
    number = number_of(text)
    return label_from_name(text) if number is None else order.get(number)


def numbers_text(order: LabelOrder) -> str:
    """The numbers of an order for a message: "1..7"."""
    return f"{min(order)}..{max(order)}"


def parse_order(text: str) -> LabelOrder:
    """Parses what label numbers mean.

    Args:
        text: A name in ``LABEL_ORDERS``, names in the order of their numbers from 0 (``neutral,
            happy,...``), or numbers with their names (``1=surprise,2=fear,...``).

    Raises:
        DataError: When it is none of these.
    """
    if text in LABEL_ORDERS:
        return LABEL_ORDERS[text]
    order: dict[int, str] = {}
    for place, part in enumerate(text.split(",")):
        number, equals, name = part.partition("=")
        label = label_from_name(name if equals else part)
        key = number_of(number) if equals else place
        if label is None or key is None or key in order:
            raise DataError(
                f"The labels {text!r} are not understood at {part!r}; give one of "
                f"{', '.join(LABEL_ORDERS)}, or the names in the order of their numbers from 0 "
                "(neutral,happy,...), or numbers with names (1=surprise,2=fear,...)."
            )
        order[key] = label
    return order
