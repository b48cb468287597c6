"""The results of an evaluation, and the files they are written to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import classification_report

from emotion.models.spec import EVAL_FILE
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.evaluation import curves, mistakes, plots
from emotion.training.expression.evaluation.protocols import Predictions

REPORT_FILE = "report.txt"
PLOTTED = ("labels", "ferplus_majority")
"""The protocols with plots; the others are variants of these."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SetResult:
    """The evaluation of one data set.

    Attributes:
        name: The set's name.
        values: Its part of ``eval.json``.
        predictions: Protocol -> predictions.
        part: The split that was evaluated.
    """

    name: str
    values: dict[str, Any]
    predictions: Mapping[str, Predictions]
    part: LabelledFaces


def write_results(
    results: Sequence[SetResult], values: Mapping[str, Any], out: Path, sheets: Path | None
) -> None:
    """Writes ``eval.json``, ``report.txt`` and the plots.

    Args:
        results: Of each data set, the first one without its name in file names.
        values: The values of ``eval.json``.
        out: Folder for the files.
        sheets: Folder for the contact sheets of errors; None for no sheets.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / EVAL_FILE).write_text(json.dumps(values, indent=1) + "\n")
    (out / REPORT_FILE).write_text("\n".join(_report_text(each) for each in results))
    if "robustness" in values:
        plots.robustness(
            {each.name: each.values["robustness"] for each in results}, out / "robustness.png"
        )
    for i, each in enumerate(results):
        for name in [name for name in PLOTTED if name in each.predictions]:
            predictions = each.predictions[name]
            ending = name if i == 0 else f"{each.name}_{name}"
            plots.confusion(each.values["protocols"][name], out / f"confusion_{ending}.png")
            plots.reliability_diagram(predictions, out / f"reliability_{ending}.png")
            curves.precision_recall(predictions, out / f"curves_{ending}.png")
            if sheets is not None:
                sheets.mkdir(parents=True, exist_ok=True)
                title = f"{each.part.source} {each.values['split']}, head {predictions.head}"
                mistakes.sheet(
                    predictions, each.part.images, title, sheets / f"mistakes_{ending}.png"
                )


def _report_text(result: SetResult) -> str:
    """scikit-learn's classification report of every protocol of a set."""
    parts = []
    for name, predictions in result.predictions.items():
        text = classification_report(
            predictions.truth,
            predictions.probabilities.argmax(axis=1),
            labels=range(len(predictions.labels)),
            target_names=predictions.labels,
            digits=3,
            zero_division=0,
        )
        title = f"{result.part.source}, {result.values['split']}, {name}, head {predictions.head}"
        parts.append(f"{title}\n{'-' * len(title)}\n{text}")
    return "\n".join(parts)
