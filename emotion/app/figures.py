"""An evaluation's report as HTML and words. Shows what is there; what is missing is left out.

The report (``eval.json``) belongs to the model's folder, which may be of another version or made by
somebody else: every value is checked before it is used, and text is escaped.
"""

from __future__ import annotations

import math
from html import escape
from typing import Any

from emotion.app.bars import percent
from emotion.models.protocol_names import protocol_name

_HEAD_NAMES = {"fer2013": "FER2013 labels", "ferplus": "FER+ labels", "rafdb": "RAF-DB labels"}
_VARIANTS = (
    "labels_mirrored",
    "labels_leak_free",
    "ferplus_seven",
)  # listed, but not told class by class
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
    """The report's tests by the name they are shown under, in their order, those of its sets last.

    Each holds what ``headline_figures`` and the others here take. A report without tests of its own
    is one test itself, if it holds any figure at all.
    """
    if not isinstance(report, dict):
        return {}
    found = _tests(report, "")
    for name, section in _sets(report).items():
        other = section.get("split") != report.get("split")
        for title, test in _tests(section, " (validation part)" if other else "").items():
            found[f"{title}, {name}" if title in found else title] = test
    if not found and number(report, "accuracy") is not None:
        found["All pictures"] = report
    return found


def robustness_html(report: Any, head: str) -> str:
    """What worse pictures cost, as a table with a column for each set; empty where unknown.

    head: whose answers count, where a set was judged by it.
    """
    if not isinstance(report, dict):
        return ""
    columns = {
        _HEAD_NAMES.get(name, name): changes
        for name, section in {str(report.get("set", "")): report, **_sets(report)}.items()
        if (changes := _part(section, "robustness", "by_head", head, "changes"))
    }
    if not columns:
        return ""
    rows = ""
    for key, change in next(iter(columns.values())).items():
        text = str(change.get("text", key)) if isinstance(change, dict) else key
        cells = [_points(number(changes.get(key), "lost")) for changes in columns.values()]
        rows += f"<tr><th>{escape(text)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    titles = "".join(f"<th>{escape(name)}</th>" for name in columns)
    return (
        '<table class="recall"><caption>Points of accuracy lost or gained when a face is cut, lit '
        "or stored less well. The test faces are cut already: what a moved or turned box sees "
        "beyond the cut is its edge repeated.</caption>"
        f"<thead><tr><th>Change</th>{titles}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


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


def _part(values: Any, *keys: str) -> dict[str, Any]:
    """What stands under the keys, one below the other; empty where that is no table of values."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}


def _sets(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The report's further sets, such as are there."""
    found = _part(report, "sets")
    return {name: section for name, section in found.items() if isinstance(section, dict)}


def _tests(section: dict[str, Any], ending: str) -> dict[str, dict[str, Any]]:
    """The tests of the report itself, or of one of its sets."""
    found = {}
    for part in ("protocols", "heads"):
        for name, values in _part(section, part).items():
            if number(values, "accuracy") is not None:
                head = str(values.get("head", name))
                held_against = str(section.get("set", head))
                labels = _HEAD_NAMES.get(held_against, held_against)
                title = _HEAD_NAMES.get(name, name)
                if part == "protocols":
                    title = protocol_name(name, rows=labels, on_page="as answered on this page")
                found[title + ending] = {"head": head, "variant": name in _VARIANTS, **values}
    return found


def _points(lost: float | None) -> str:
    return "" if lost is None else f"{round(-100 * lost, 1) + 0.0:+.1f}"  # + 0.0: never "-0.0"


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
