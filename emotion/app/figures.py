"""An evaluation's report as HTML and words. Shows what is there; what is missing is left out.

The report (``eval.json``) belongs to the model's folder, which may be of another version or made by
somebody else: every value is checked before it is used, and text is escaped.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

from emotion.app.bars import percent

TEST_NAMES = {
    "labels_mirrored": "{labels}, mean over the face and its mirror image",
    "labels_default_head": "{labels} as answered on this page",
    "labels_leak_free": "{labels}, without pictures that also stand in the training part",
    "ferplus_majority": "FER+ majority, 8 classes",
    "ferplus_seven": "FER+, 7 classes",
}
"""What a test of the report is called here; {labels} is the labelling it is held against."""

_HEAD_NAMES = {"fer2013": "FER2013 labels", "ferplus": "FER+ labels", "rafdb": "RAF-DB labels"}
_VARIANTS = ("labels_mirrored", "labels_leak_free")  # listed, but not told class by class
_WEAK = 0.6  # recall below which a class is marked as weak
_MANY_CONFUSED = 0.08


def headline_figures(head: Any) -> str:
    """Accuracy, macro F1 and calibration error as tiles."""
    tiles = [
        ("accuracy", "Accuracy", "of the faces get the label that people gave", True),
        ("macro_f1", "Macro F1", "mean over the classes, each counted alike (best: 1)", False),
        ("ece", "Calibration error", "mean gap between stated and true certainty (best: 0)", False),
    ]
    parts = []
    for key, title, text, as_percent in tiles:
        value = number(head, key)
        if value is not None:
            shown = f"{100 * value:.1f}\N{NO-BREAK SPACE}%" if as_percent else f"{value:.3f}"
            parts.append(
                f'<div data-figure="{key}" data-value="{value:.6f}"><strong>{shown}</strong>'
                f"<span>{title}</span><small>{text}</small></div>"
            )
    return f'<div class="figures">{"".join(parts)}</div>'


def head_html(head: Any) -> str:
    """Recall, precision and count by class as a table with a bar for the recall."""
    per_class = head.get("per_class") if isinstance(head, dict) else None
    if not isinstance(per_class, dict) or not per_class:
        return ""
    rows = "".join(_class_row(str(label), values) for label, values in per_class.items())
    return (
        '<table class="recall"><caption>By class. Recall: how many faces that people gave this '
        "label are recognised. Precision: how often the label is right when it is given.</caption>"
        "<thead><tr><th>Class</th><th>Recall</th><th></th><th>Precision</th><th>Faces</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
    )


def confusions(head: Any, most: int = 4) -> list[str]:
    """Such as "fear taken for sad (18 %)", the largest shares of a class's faces first."""
    labels, matrix = _matrix(head)
    found = []
    for label, row in zip(labels, matrix, strict=True):
        total = sum(row)
        for other, count in zip(labels, row, strict=True):
            if other != label and total and count / total >= _MANY_CONFUSED:
                found.append((count / total, label, other))
    found.sort(key=lambda item: -item[0])
    return [
        f"{escape(label)} taken for {escape(other)} ({percent(share)})"
        for share, label, other in found[:most]
    ]


def evaluations(report: Any) -> dict[str, dict[str, Any]]:
    """The report's tests by the name they are shown under, in their order.

    Each holds what ``headline_figures`` and the others here take. A report without tests of its own
    is one test itself, if it holds any figure at all.
    """
    if not isinstance(report, dict):
        return {}
    found = {}
    for part in ("protocols", "heads"):
        tests = report.get(part)
        for name, values in tests.items() if isinstance(tests, dict) else ():
            if number(values, "accuracy") is not None:
                head = str(values.get("head", name))
                labels = _HEAD_NAMES.get(head, head)
                title = TEST_NAMES.get(str(name), "{labels}").format(labels=labels)
                found[title] = {"head": head, "variant": name in _VARIANTS, **values}
    if not found and number(report, "accuracy") is not None:
        found["All pictures"] = report
    return found


def evaluations_html(tests: dict[str, dict[str, Any]]) -> str:
    """All tests as a table: a row each, and the columns that at least one of them fills."""
    columns = {"n": "Faces", "accuracy": "Accuracy", "macro_f1": "Macro F1", "ece": "ECE"}
    lines = {
        name: {key: _cell(number(values, key), key) for key in columns}
        for name, values in tests.items()
    }
    used = [key for key in columns if any(cells[key] for cells in lines.values())]
    if not lines:
        return ""
    head = "".join(f"<th>{columns[key]}</th>" for key in used)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{cells[key]}</td>' for key in used)}</tr>"
        for name, cells in lines.items()
    )
    return (
        f'<table class="recall"><thead><tr><th>Test</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def number(values: Any, key: str) -> float | None:
    """A finite number of a report's part, or None."""
    value = values.get(key) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _class_row(label: str, values: Any) -> str:
    recall = number(values, "recall")
    bar = ""
    if recall is not None:
        weak = " weak" if recall < _WEAK else ""
        bar = f'<div class="track{weak}"><div style="width:{100 * recall:.1f}%"></div></div>'
    support = number(values, "support")
    return (
        f'<tr data-class="{escape(label, quote=True)}"><th>{escape(label)}</th>'
        f"<td>{_cell(recall, 'recall')}</td><td>{bar}</td>"
        f"<td>{_cell(number(values, 'precision'), 'precision')}</td>"
        f"<td>{_cell(support, 'n')}</td></tr>"
    )


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return ""
    if key == "n":
        return f"{value:,.0f}"
    return f"{value:.3f}" if key in ("macro_f1", "ece") else percent(value)


def _matrix(head: Any) -> tuple[list[str], list[list[float]]]:
    """The labels and the confusion matrix; both empty unless they fit each other."""
    labels = head.get("labels") if isinstance(head, dict) else None
    matrix = head.get("confusion_matrix") if isinstance(head, dict) else None
    if not isinstance(labels, list) or not isinstance(matrix, list) or len(labels) != len(matrix):
        return [], []
    for row in matrix:
        if not isinstance(row, list) or len(row) != len(labels):
            return [], []
        if not all(isinstance(value, int | float) for value in row):
            return [], []
    return [str(label) for label in labels], matrix
