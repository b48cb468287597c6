"""Comparison of several models, from their ``eval.json`` and present measurements.

Figures are compared only if they are of the same data and of the present weights.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from emotion.errors import DataError, ModelError
from emotion.models.spec import EVAL_FILE, KERAS_FILE, SERVED_FILE, ModelSpec, read_spec
from emotion.results.cells import safe_cell
from emotion.training.common import plotting
from emotion.training.common.markdown import markdown
from emotion.training.expression.evaluation.card_tables import describes, sections

Value = float | str | None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model with its evaluation.

    Attributes:
        folder: The model's folder.
        spec: Its spec.
        figures: Its ``eval.json``.
        parameters: Number of weights.
        classify_ms: Time of one face on one thread, in ms.
    """

    folder: Path
    spec: ModelSpec
    figures: Mapping[str, Any]
    parameters: int
    classify_ms: float


def read_evaluation(folder: Path) -> dict[str, Any]:
    """Reads the evaluation of a model.

    Args:
        folder: The model's folder.

    Returns:
        The values of ``eval.json``.

    Raises:
        ModelError: When there is none, or it is of other weights.
    """
    spec = read_spec(folder)
    try:
        figures: dict[str, Any] = json.loads((folder / EVAL_FILE).read_text())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} has no readable {EVAL_FILE}: run `emotion evaluate` on it first."
        ) from error
    if not describes(figures, spec):
        raise ModelError(
            f"The model in {folder} was changed since it was evaluated: run `emotion evaluate` "
            "on it again."
        )
    return figures


def check_same_data(evaluations: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Checks that models were evaluated on the same data, splits and heads.

    Args:
        evaluations: Of each model its name and its ``eval.json``.

    Raises:
        DataError: When they were not.
    """
    seen: dict[str, tuple[str, object]] = {}
    for model, figures in evaluations:
        for i, (name, section) in enumerate(sections(figures)):
            first = i == 0
            # The first set's figures also depend on the requested head.
            what = (section["data"]["sha256"], section["split"], first and section["head"])
            before, known = seen.setdefault("" if first else name, (model, what))
            if known != what:
                raise DataError(
                    f"{before} and {model} were evaluated on different data, splits or heads "
                    f"({section['data']['source']}): evaluate them alike first."
                )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure of all models.

    Attributes:
        name: The figure's name.
        form: Format string for people.
        values: Of each model, as in the files (fractions).
    """

    name: str
    form: str
    values: tuple[Value, ...]

    def texts(self) -> list[str]:
        """The formatted values, a cell for each model."""
        return ["-" if value is None else self.form.format(value) for value in self.values]


def table(models: Sequence[Model]) -> list[Row]:
    """Collects the figures of the models, a row for each figure."""

    def row(name: str, form: str, value: Callable[[Model], Value]) -> Row:
        return Row(name=name, form=form, values=tuple(map(value, models)))

    first = models[0].figures["set"]
    rows = [
        row(f"{first} accuracy", "{:.1%}", lambda m: m.figures["accuracy"]),
        row("from (95 %)", "{:.1%}", lambda m: m.figures["accuracy_95"][0]),
        row("to (95 %)", "{:.1%}", lambda m: m.figures["accuracy_95"][1]),
        row("macro F1", "{:.3f}", lambda m: m.figures["macro_f1"]),
        row("ECE", "{:.3f}", lambda m: m.figures["ece"]),
        row("FER+ majority", "{:.1%}", _ferplus),
    ]
    for name in dict.fromkeys(name for m in models for name in m.figures["sets"]):
        rows += [
            row(f"{name} accuracy", "{:.1%}", partial(_of_set, name)),
            row(f"{name} as on the page", "{:.1%}", partial(_of_set, name, page=True)),
        ]
    return [
        *rows,
        row("most lost by a change", "{:.1%}", lambda m: _worst(m).get("lost")),
        row("which", "{}", lambda m: _worst(m).get("text")),
        row("parameters", "{:,}", lambda m: m.parameters),
        row(f"{SERVED_FILE}, MB", "{:.2f}", lambda m: _megabytes(m, SERVED_FILE)),
        row(f"{KERAS_FILE}, MB", "{:.2f}", lambda m: _megabytes(m, KERAS_FILE)),
        row("ms a face, one thread", "{:.2f}", lambda m: m.classify_ms),
    ]


def text_table(models: Sequence[Model], rows: Sequence[Row]) -> str:
    """Formats the table with aligned columns, for a terminal."""
    cells = [["", *(m.spec.name for m in models)], *([row.name, *row.texts()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def write(models: Sequence[Model], rows: Sequence[Row], out: Path) -> None:
    """Writes ``compare.csv``, ``compare.md`` and ``compare.png``.

    Args:
        models: The models.
        rows: Their figures.
        out: Folder for the files.
    """
    out.mkdir(parents=True, exist_ok=True)
    names = [model.spec.name for model in models]
    with open(out / "compare.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["figure", *map(safe_cell, names)])
        writer.writerows([row.name, *("" if v is None else v for v in row.values)] for row in rows)
    lines = markdown(["", *names], [[row.name, *row.texts()] for row in rows])
    (out / "compare.md").write_text(lines + "\n", encoding="utf-8")
    _draw(models, out / "compare.png")


def _draw(models: Sequence[Model], path: Path) -> None:
    """Plots accuracy on the first set, with its interval, against the time of a face."""
    figure, axes = plotting.new_axes(6.4, 4.4)
    for model in models:
        accuracy, ends = model.figures["accuracy"], model.figures["accuracy_95"]
        # Rounded to four places each, an end can lie on the wrong side of the figure itself.
        errors = [[max(accuracy - ends[0], 0.0)], [max(ends[1] - accuracy, 0.0)]]
        axes.errorbar(model.classify_ms, accuracy, errors, marker="o", capsize=4)
        axes.annotate(
            model.spec.name, (model.classify_ms, accuracy), (6, 6), textcoords="offset points"
        )
    axes.set(xlabel="ms per face, one thread", ylabel="accuracy, with 95 % interval")
    axes.set_title(f"{models[0].figures['set']}, {models[0].figures['split']}")
    axes.set_xlim(left=0)
    axes.margins(x=0.2)
    plotting.save(figure, path)


def _ferplus(model: Model) -> Value:
    found = model.figures["protocols"].get("ferplus_majority")
    return found["accuracy"] if found else None


def _of_set(name: str, model: Model, *, page: bool = False) -> Value:
    section = model.figures["sets"].get(name)
    if section is None:
        return None
    found = section["by_head"][model.figures["default_head"]] if page else section
    return float(found["accuracy"])


def _worst(model: Model) -> Mapping[str, Any]:
    """The perturbation with the largest loss on the first set; empty without any."""
    by_head = model.figures.get("robustness", {}).get("by_head", {})
    changes = by_head.get(model.figures["head"], {}).get("changes", {})
    return max(changes.values(), key=lambda change: change["lost"], default={})


def _megabytes(model: Model, name: str) -> float:
    return round((model.folder / name).stat().st_size / 1e6, 2)
