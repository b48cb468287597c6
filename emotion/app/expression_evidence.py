"""How often each expression is found, and how often naming it is right, on faces not trained on.

Counted over all data sets of the model's evaluation (``eval.json``) by the head that answers on the
page, each face once. The report may be of another version or made by somebody else: every value is
checked before it is used. Free of Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emotion.app.evaluation_report import confusion_matrix, head_evaluation, sections
from emotion.intervals import wilson_interval

_SETS = {
    "fer2013": "FER2013, grey web pictures",
    "rafdb": "RAF-DB, web photos",
    "ckplus": "CK+, posed in a laboratory",
    "wild": "web photos of public figures",
}
_SPLITS = {"PrivateTest": "test", "PublicTest": "validation"}


@dataclass(frozen=True, kw_only=True)
class TestedPart:
    """A part of a data set that counts.

    Attributes:
        name: What it is called on the page.
        split: "test", "validation", or as the report calls it.
        n: Number of faces.
        by_majority: Whether the labels are what most of ten people said (FER+), rather than the
            data set's own.
    """

    name: str
    split: str
    n: int
    by_majority: bool


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known about one expression.

    Attributes:
        label: Of ``EMOTIONS``.
        n: Number of faces that people gave this label.
        named: Number of faces that the model gave it.
        right: Number of faces that both gave it.
    """

    label: str
    n: int
    named: int
    right: int

    @property
    def found(self) -> tuple[float, float, float] | None:
        """Recall with its 95 % interval (fraction, low, high); None without such faces."""
        return _with_interval(self.right, self.n)

    @property
    def correct(self) -> tuple[float, float, float] | None:
        """Precision with its 95 % interval (fraction, low, high); None if it was never named."""
        return _with_interval(self.right, self.named)


def expression_evidence(report: Any, head: str) -> tuple[list[Evidence], list[TestedPart]]:
    """The counts of each expression over all data sets, and what they were counted on.

    Args:
        report: The parsed ``eval.json``.
        head: Whose predictions count.

    Returns:
        In the order of the report's labels; both empty where it has no such figures.

    Example:
        >>> evidence, parts = expression_evidence(read_report(folder / "eval.json"), "blend")
    """
    counts: dict[str, list[int]] = {}
    parts = []
    for section in sections(report):
        protocol, evaluation = head_evaluation(section, head)
        labels, matrix = confusion_matrix(evaluation)
        total = int(sum(map(sum, matrix)))
        if not total:
            continue
        for index, label in enumerate(labels):
            held = counts.setdefault(label, [0, 0, 0])
            held[0] += int(sum(matrix[index]))
            held[1] += int(sum(row[index] for row in matrix))
            held[2] += int(matrix[index][index])
        name, split = str(section.get("set", "")), str(section.get("split", ""))
        parts.append(
            TestedPart(
                name=_SETS.get(name, name),
                split=_SPLITS.get(split, split),
                n=total,
                by_majority=protocol.startswith("ferplus"),
            )
        )
    evidence = [
        Evidence(label=label, n=n, named=named, right=right)
        for label, (n, named, right) in counts.items()
    ]
    return evidence, parts


def _with_interval(right: int, n: int) -> tuple[float, float, float] | None:
    return (right / n, *wilson_interval(right, n)) if n else None
