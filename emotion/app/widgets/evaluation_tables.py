"""An evaluation as tiles and tables. What the report lacks is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from emotion.app.captions import percent
from emotion.app.evaluation_report import finite_number, robustness_changes
from emotion.app.expression_evidence import Evidence
from emotion.app.templating import render

_WEAK_RECALL = 0.6  # below it the bar has a warning colour
_TILES = (
    ("accuracy", "Accuracy", "of the faces get the label that people gave", "{:.1%}"),
    (
        "macro_f1",
        "Macro F1",
        "mean over the classes with equal weights (best: 1)",
        "{:.3f}",
    ),
    ("ece", "Calibration error", "mean gap between confidence and accuracy (best: 0)", "{:.3f}"),
)
_COLUMNS = {"n": "Faces", "accuracy": "Accuracy", "macro_f1": "Macro F1", "ece": "ECE"}


def metric_tiles_html(evaluation: Any) -> Markup:
    """Accuracy, macro F1 and calibration error as tiles."""
    tiles = [
        {"key": key, "value": value, "shown": form.format(value), "title": title, "text": text}
        for key, title, text, form in _TILES
        if (value := finite_number(evaluation, key)) is not None
    ]
    return render("metric_tiles.html", tiles=tiles)


def class_table_html(evaluation: Any) -> Markup:
    """Recall with a bar, precision and count of each class; empty without them."""
    per_class = evaluation.get("per_class") if isinstance(evaluation, dict) else None
    if not isinstance(per_class, dict) or not per_class:
        return Markup()
    rows = [_class_row(str(label), values) for label, values in per_class.items()]
    return render("class_table.html", rows=rows)


def evidence_html(evidence: Sequence[Evidence]) -> Markup:
    """A sentence on each expression: how often it is found, and how often naming it is right."""
    rows = [
        {
            "label": each.label,
            "n": f"{each.n:,}",
            "faces": "face" if each.n == 1 else "faces",
            "named": f"{each.named:,}",
            "found": _tenths(each.found),
            "correct": _tenths(each.correct),
        }
        for each in evidence
    ]
    return render("evidence.html", rows=rows)


def evaluations_table_html(evaluations: dict[str, dict[str, Any]]) -> Markup:
    """A row for each evaluation, with the columns that at least one of them fills."""
    lines = {
        name: {key: _cell(finite_number(values, key), key) for key in _COLUMNS}
        for name, values in evaluations.items()
    }
    if not lines:
        return Markup()
    used = [key for key in _COLUMNS if any(cells[key] for cells in lines.values())]
    return render(
        "table.html",
        caption="",
        titles=["Test", *(_COLUMNS[key] for key in used)],
        rows=[(name, [cells[key] for key in used]) for name, cells in lines.items()],
    )


def robustness_table_html(report: Any, head: str) -> Markup:
    """What worse images cost, with a column for each data set; empty where unknown.

    Args:
        report: The parsed ``eval.json``.
        head: Whose predictions count.
    """
    columns = robustness_changes(report, head)
    if not columns:
        return Markup()
    rows = []
    for key, change in next(iter(columns.values())).items():
        text = str(change.get("text", key)) if isinstance(change, dict) else key
        lost = [finite_number(changes.get(key), "lost") for changes in columns.values()]
        # The reports of published models say "10 % larger".
        rows.append((text.replace(" %", "%"), [_points(value) for value in lost]))
    return render(
        "table.html",
        caption="Change of the accuracy in percentage points when a face is cropped, lit or stored "
        "less well. The test images are already cropped: where a moved or turned crop goes beyond "
        "one, its edge is repeated.",
        titles=["Change", *columns],
        rows=rows,
    )


def _class_row(label: str, values: Any) -> dict[str, Any]:
    recall = finite_number(values, "recall")
    return {
        "label": label,
        "recall": _cell(recall, "recall"),
        "recall_percent": None if recall is None else 100 * recall,
        "is_weak": recall is not None and recall < _WEAK_RECALL,
        "precision": _cell(finite_number(values, "precision"), "precision"),
        "support": _cell(finite_number(values, "support"), "n"),
    }


def _tenths(values: tuple[float, float, float] | None) -> dict[str, str] | None:
    """A fraction and its interval in tenths, such as 6, 5 and 7."""
    if values is None:
        return None
    middle, low, high = (f"{10 * value:.0f}" for value in values)
    interval = f"between {low} and {high}" if low != high else f"about {low}"
    return {"middle": middle, "interval": interval}


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return ""
    if key == "n":
        return f"{value:,.0f}"
    return f"{value:.3f}" if key in ("macro_f1", "ece") else percent(value)


def _points(lost: float | None) -> str:
    return "" if lost is None else f"{round(-100 * lost, 1) + 0.0:+.1f}"  # + 0.0: never "-0.0"
