"""Reads an evaluation's report (``eval.json``), whatever it holds; missing parts are left out.

The report belongs to the model's folder, which may be of another version or made by somebody else:
every value is checked before it is used.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from emotion.app.captions import escape_markdown, percent
from emotion.models.protocol_names import protocol_name

_LABEL_SETS = {
    "fer2013": "FER2013 labels",
    "ferplus": "FER+ labels",
    "rafdb": "RAF-DB labels",
    "ckplus": "CK+ labels",
    "wild": "web photo labels",
}
_PROTOCOLS = ("ferplus_default_head", "labels_default_head", "labels")
"""The first of them whose head is the wanted one counts: a majority of ten votes comes before the
data set's own labels."""

_VARIANTS = ("labels_mirrored", "labels_leak_free", "ferplus_seven")
_MIN_CONFUSED = 0.08  # fraction of a class's faces


def read_report(path: Path) -> dict[str, Any]:
    """The report; empty when there is none or it cannot be read."""
    try:
        report = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def evaluations(report: Any) -> dict[str, dict[str, Any]]:
    """The report's evaluations by the name under which the page shows them.

    Each has a "head", and a "variant" that is true for those listed without details per class. A
    report without evaluations of its own counts as one, if it has an accuracy.

    Args:
        report: The parsed ``eval.json``.

    Returns:
        In the report's order, those of its further data sets last.
    """
    if not isinstance(report, dict):
        return {}
    found = _evaluations_of(report, "")
    for name, section in _data_sets(report).items():
        suffix = "" if section.get("split") == report.get("split") else " (validation split)"
        for title, evaluation in _evaluations_of(section, suffix).items():
            found[f"{title}, {name}" if title in found else title] = evaluation
    if not found and finite_number(report, "accuracy") is not None:
        found["All images"] = report
    return found


def sections(report: Any) -> list[dict[str, Any]]:
    """The part of the report on each data set, the main one first."""
    return [report, *_data_sets(report).values()] if isinstance(report, dict) else []


def head_evaluation(section: Any, head: str) -> tuple[str, dict[str, Any]]:
    """The one evaluation that says how well a head does on a data set.

    Args:
        section: The report's part on a data set.
        head: Whose predictions count.

    Returns:
        The protocol's name and the evaluation; both empty where there is none.
    """
    for name in _PROTOCOLS:
        evaluation = _subsection(section, "protocols", name)
        if evaluation.get("head") == head:
            return name, evaluation
    return "", {}


def robustness_changes(report: Any, head: str) -> dict[str, dict[str, Any]]:
    """What image changes cost the head, by data set: change -> {"text", "lost", ...}.

    Args:
        report: The parsed ``eval.json``.
        head: Whose predictions count; data sets that it was not evaluated on are left out.
    """
    if not isinstance(report, dict):
        return {}
    sections = {str(report.get("set", "")): report, **_data_sets(report)}
    return {
        label_set_name(name): changes
        for name, section in sections.items()
        if (changes := _subsection(section, "robustness", "by_head", head, "changes"))
    }


def confusions(evaluation: Any, most: int = 4) -> list[str]:
    """Such as "fear mistaken for sad (18%)" in Markdown, largest fraction of a class first."""
    labels, matrix = confusion_matrix(evaluation)
    found = []
    for label, row in zip(labels, matrix, strict=True):
        total = sum(row)
        for other, count in zip(labels, row, strict=True):
            if other != label and total and count / total >= _MIN_CONFUSED:
                found.append((count / total, label, other))
    found.sort(key=lambda item: -item[0])
    return [
        f"{escape_markdown(label)} mistaken for {escape_markdown(other)} ({percent(fraction)})"
        for fraction, label, other in found[:most]
    ]


def confusion_matrix(evaluation: Any) -> tuple[list[str], list[list[float]]]:
    """The labels and the confusion matrix; both empty unless they match.

    Returns:
        Names of the classes, and for each (as labelled by people) a row with the number of its
        faces that got each label.
    """
    labels = evaluation.get("labels") if isinstance(evaluation, dict) else None
    matrix = evaluation.get("confusion_matrix") if isinstance(evaluation, dict) else None
    if not isinstance(labels, list) or not isinstance(matrix, list) or len(labels) != len(matrix):
        return [], []
    for row in matrix:
        if not isinstance(row, list) or len(row) != len(labels):
            return [], []
        if not all(isinstance(value, int | float) and 0 <= value < math.inf for value in row):
            return [], []
    return [str(label) for label in labels], matrix


def finite_number(values: Any, key: str) -> float | None:
    """A finite number in a part of the report, or None."""
    value = values.get(key) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def label_set_name(name: str) -> str:
    """The name of a data set's or head's labels, such as "FER2013 labels"."""
    return _LABEL_SETS.get(name, name)


def _subsection(values: Any, *keys: str) -> dict[str, Any]:
    """The mapping under nested keys; empty where there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}


def _data_sets(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The report's further data sets."""
    found = _subsection(report, "sets")
    return {name: section for name, section in found.items() if isinstance(section, dict)}


def _evaluations_of(section: dict[str, Any], suffix: str) -> dict[str, dict[str, Any]]:
    """The evaluations of the report itself or of one data set, named with the suffix."""
    found = {}
    for part in ("protocols", "heads"):
        for name, values in _subsection(section, part).items():
            if finite_number(values, "accuracy") is None:
                continue
            head = str(values.get("head", name))
            title = label_set_name(name)
            if part == "protocols":
                rows = label_set_name(str(section.get("set", head)))
                title = protocol_name(name, rows=rows, on_page="this app")
            found[title + suffix] = {"head": head, "variant": name in _VARIANTS, **values}
    return found
