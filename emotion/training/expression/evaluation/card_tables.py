"""The tables of a model's card: ``eval.json`` as Markdown.

Each function takes the values of an ``eval.json``; a table is an empty string where a quick
evaluation has no values for it. Percentages are used in tables only, the file holds fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emotion.models.protocol_names import PROTOCOL_NAMES, protocol_name
from emotion.models.spec import SERVED_FILE, ModelSpec
from emotion.training.common.markdown import markdown
from emotion.types import EMOTIONS

Figures = Mapping[str, Any]


def describes(figures: Figures, spec: ModelSpec) -> bool:
    """Whether the figures are of this model's present weights and default head."""
    return (
        figures.get("served_sha256") == spec.checksums.get(SERVED_FILE)
        and figures.get("default_head") == spec.default_head
    )


def figures_table(figures: Figures) -> str:
    """The protocols of the first set; those without a display name come last."""
    protocols = figures["protocols"]
    known = [key for key in PROTOCOL_NAMES if key in protocols]
    pictures = {"labels": f"{figures['split']}, every picture", "labels_leak_free": "the same"}
    rows = []
    for key in [*known, *(key for key in protocols if key not in PROTOCOL_NAMES)]:
        found, which = protocols[key], pictures.get(key, "every picture")
        rows.append(
            [
                protocol_name(key, rows=which, on_page="with the page's default head"),
                found["head"],
                str(found["n"]),
                f"{found['accuracy']:.1%}",
                _or_dash(found.get("balanced_accuracy"), "{:.1%}"),
                f"{found['macro_f1']:.3f}",
                f"{found['ece']:.3f}",
            ]
        )
    return markdown(["protocol", "head", "faces", "accuracy", "balanced", "macro F1", "ECE"], rows)


def per_class_table(figures: Figures) -> str:
    """The first protocol class by class."""
    rows = [
        [
            name,
            f"{found['precision']:.3f}",
            f"{found['recall']:.3f}" + _range(found.get("recall_95")),
            f"{found['f1']:.3f}",
            str(found["support"]),
            _or_dash(found["average_precision"], "{:.3f}"),
        ]
        for name, found in figures["per_class"].items()
    ]
    return markdown(
        ["class", "precision", "recall (95 %)", "F1", "faces", "average precision"], rows
    )


def heads_table(figures: Figures) -> str:
    """The predictions of every head on every set, with 95 % intervals."""
    rows = [
        [
            f"{name}, {section['split']}",
            head + (" (page)" if head == figures["default_head"] else ""),
            str(found["n"]),
            f"{found['accuracy']:.1%} ({_interval(found['accuracy_95'])})",
            _or_dash(found.get("balanced_accuracy"), "{:.1%}"),
            f"{found['macro_f1']:.3f}",
            f"{found['ece']:.3f}",
        ]
        for name, section in sections(figures)
        for head, found in section["by_head"].items()
    ]
    names = ["set", "head", "faces", "accuracy (95 %)", "balanced", "macro F1", "ECE"]
    return markdown(names, rows)


def robustness_table(figures: Figures) -> str:
    """Points of accuracy lost under each perturbation, a column for every set and head."""
    columns = {
        f"{name}, {head}": found
        for name, section in sections(figures)
        for head, found in section.get("robustness", {}).get("by_head", {}).items()
    }
    if not columns:
        return ""
    first = next(iter(columns.values()))
    rows = [["unchanged: accuracy", *(f"{found['clean']:.1%}" for found in columns.values())]]
    rows += [
        [
            change["text"],
            *(_points(found["changes"][key]["lost"]) for found in columns.values()),
        ]
        for key, change in first["changes"].items()
    ]
    return markdown(["change", *columns], rows)


def detector_table(figures: Figures) -> str:
    """Accuracy on the detector's crops."""
    rows = []
    for name, section in sections(figures):
        seen = section.get("through_detector")
        if seen is None:
            continue
        for head, found in seen["by_head"].items():
            rows.append(
                [
                    name,
                    head,
                    str(seen["n"]),
                    f"{seen['found']:.1%}",
                    f"{found['given']:.1%}",
                    _or_dash(found["found"], "{:.1%}"),
                    f"{found['missed_wrong']:.1%}",
                ]
            )
    names = ["set", "head", "faces", "detected", "on the data's own crops", "on detected faces",
             "missed faces count as wrong"]  # fmt: skip
    return markdown(names, rows) if rows else ""


def blend_table(chosen: Mapping[str, Any]) -> str:
    """The blend's accuracy on each validation split; empty where it was not recorded."""
    balanced, accuracy = chosen.get("balanced", {}), chosen.get("accuracy", {})
    without = chosen.get("chosen_without", {})
    rows = [
        [
            name,
            f"{accuracy[name]:.1%}",
            f"{found:.1%}",
            f"{without[name]['balanced'][name]:.1%}" if name in without else "-",
        ]
        for name, found in balanced.items()
    ]
    names = ["validation split", "accuracy", "balanced", "balanced, if chosen without it"]
    return markdown(names, rows) if rows else ""


def unseen_table(kinds: Mapping[str, Mapping[str, Any]]) -> str:
    """Accuracy on data sets that a model was trained without, the mean, and recall by class."""
    rows = [
        [
            name,
            str(found["n"]),
            *(f"{found[key]:.1%}" for key in ("accuracy", "balanced_accuracy")),
            f"{found['ece']:.3f}",
            *(_recall(found, label) for label in EMOTIONS),
        ]
        for name, found in kinds.items()
    ]
    means = [
        sum(found[key] for found in kinds.values()) / len(kinds)
        for key in ("accuracy", "balanced_accuracy", "ece")
    ]
    last = ["mean", "", f"{means[0]:.1%}", f"{means[1]:.1%}", f"{means[2]:.3f}"]
    names = ["left out", "faces", "accuracy", "balanced", "ECE", *EMOTIONS]
    return markdown(names, [*rows, [*last, *([""] * len(EMOTIONS))]])


def _recall(found: Mapping[str, Any], label: str) -> str:
    """Recall with its 95 % interval."""
    if label not in found["recall"]:
        return "-"
    low, high = found["recall_95"][label]
    return f"{found['recall'][label]:.2f} ({low:.2f}-{high:.2f})"


def interval_sentence(figures: Figures) -> str:
    """The first protocol's 95 % intervals, as a sentence."""
    low, high = figures["macro_f1_95"]
    return (
        f"By the bootstrap (95 %), the accuracy of the first row lies in "
        f"{_interval(figures['accuracy_95'])} %, its macro F1 in {low:.3f} to {high:.3f}."
    )


def notes(figures: Figures) -> list[str]:
    """Notes on the evaluated splits, a sentence each."""
    return [section["note"] for _, section in sections(figures) if section["note"]]


def sections(figures: Figures) -> Iterator[tuple[str, Figures]]:
    """Yields name and figures of each set, in order."""
    yield figures["set"], figures
    yield from figures["sets"].items()


def _interval(ends: Sequence[float]) -> str:
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _points(lost: float) -> str:
    return f"{round(-100 * lost, 1) + 0.0:+.1f}"  # + 0.0: never "-0.0"


def _range(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" ({ends[0]:.2f} to {ends[1]:.2f})"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
