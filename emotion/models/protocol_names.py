"""What an evaluation's protocols are called, on the page and in the models' cards.

The protocols themselves are in ``emotion.training.expression.evaluation.protocols``, which the page
cannot import: it does without TensorFlow.
"""

from __future__ import annotations

PROTOCOL_NAMES = {
    "labels": "{rows}",
    "labels_leak_free": "{rows}, without pictures that also stand in the training part",
    "labels_mirrored": "{rows}, mean over the face and its mirror image",
    "labels_default_head": "{rows}, {on_page}",
    "ferplus_majority": "FER+ majority, 8 classes",
    "ferplus_seven": "FER+, most voted of 7 classes",
    "ferplus_default_head": "FER+ majority, 7 classes, {on_page}",
}
"""In the order of the cards' rows. {rows}: which pictures, or whose labels; {on_page}: that the
head answers that the page uses."""


def protocol_name(protocol: str, *, rows: str, on_page: str) -> str:
    """The protocol's name with these words in it; one that is not known is called as it is."""
    name = PROTOCOL_NAMES.get(protocol)
    return protocol if name is None else name.format(rows=rows, on_page=on_page)
