"""Evaluates a model the way it is served, and writes what was found.

The compiled form answers, with the spec's calibration; ``eval.json`` is the only source of every
figure that is published. Its top level holds the data set that was asked for; ``sets`` holds the
further sets by the names of their heads, each with the same keys:

| key | holds |
|---|---|
| set, data, split, note | what was judged; the note says where it is another split |
| head, n, accuracy, ... | the protocol "labels", see ``metrics.report`` |
| protocols | every protocol, see ``protocols`` |
| by_head | the data's labels against the answers of each head of the model |
| robustness | accuracy under changes, see ``robustness`` |
| through_detector | accuracy where the detector cuts, see ``through_detector`` |
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import classification_report

from emotion.errors import DataError
from emotion.expression.classifier import Classifier
from emotion.models.spec import EVAL_FILE, SERVED_FILE, model_folder
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.evaluation import card, curves, mistakes, plots
from emotion.training.expression.evaluation.metrics import report
from emotion.training.expression.evaluation.protocols import (
    Predictions,
    Progress,
    between,
    by_labels,
    judge,
    logits_of,
    own_head,
    silent,
)
from emotion.training.expression.evaluation.robustness import robustness
from emotion.training.expression.evaluation.through_detector import through_detector

REPORT_FILE = "report.txt"
DRAWN = ("labels", "ferplus_majority")
"""The protocols that are drawn; the others are variants of these."""

_BRIEF = (
    "n", "accuracy", "accuracy_95", "balanced_accuracy", "macro_f1", "macro_f1_95", "ece",
)  # fmt: skip
_JUDGE_SHARE, _ROBUST_SHARE = 0.12, 0.75  # of the time, about; the detector has the rest


@dataclass(frozen=True, kw_only=True, eq=False)
class SetResult:
    """One data set: its part of ``eval.json``, and the answers and faces that the plots show."""

    name: str
    values: dict[str, Any]
    judged: Mapping[str, Predictions]
    part: LabelledFaces


def evaluate(
    model: str | Path | None,
    faces: LabelledFaces,
    split: str,
    out: Path,
    *,
    also: Sequence[LabelledFaces] = (),
    head: str | None = None,
    quick: bool = False,
    sample: int = 1000,
    sheets: Path | None = None,
    command: str,
    num_threads: int = 1,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Writes ``eval.json``, the reports and the plots into ``out``; the values of ``eval.json``.

    also: further sets, judged by the same model; one without the split is judged on the part that
    runs are chosen on. head: whose answers are held against the first set's labels; by default the
    head of that labelling where the model has one. quick: without robustness and detector. sample:
    faces of a set that the detector is asked for; of 1000 the accuracy is known to about 3 points.
    sheets: where the sheets of worst mistakes go; by default ``out``, and nowhere when that is the
    model's own folder. command: the command line that does this again. When ``out`` is the model's
    own folder its card is written anew.
    """
    folder = model_folder(model)
    classifier = Classifier(folder, head=head, num_threads=num_threads)
    names = [each.name for each in (faces, *also)]
    if len(set(names)) < len(names):
        raise DataError(
            f"The sets must have different names, but there are: {', '.join(names)}; "
            "name them NAME:HEAD=PATH."
        )
    results = []
    for i, each in enumerate([faces, *also]):
        results.append(
            evaluate_set(
                classifier,
                each,
                split,
                head=head if i == 0 else None,
                quick=quick,
                sample=sample,
                num_threads=num_threads,
                progress=between(progress, i / (1 + len(also)), (i + 1) / (1 + len(also))),
            )
        )
    result = {
        "command": command,
        "model": classifier.spec.name,
        "arch": classifier.spec.arch,
        "default_head": classifier.spec.default_head,
        "served_sha256": classifier.spec.checksums[SERVED_FILE],
        **results[0].values,
        "sets": {each.name: each.values for each in results[1:]},
    }
    own_folder = out.resolve() == folder.resolve()
    _write(results, result, out, sheets or (None if own_folder else out))
    if own_folder:
        card.write(folder)
    return result


def evaluate_set(
    classifier: Classifier,
    faces: LabelledFaces,
    split: str,
    *,
    head: str | None = None,
    quick: bool = False,
    sample: int = 1000,
    num_threads: int = 1,
    progress: Progress = silent,
) -> SetResult:
    """One set judged by every protocol, every head and, unless quick, every change.

    Raises ``DataError`` when there is neither the split nor a part to choose on.
    """
    spec = classifier.spec
    split, note = evaluated_split(faces, split)
    part = faces.part(split)
    chosen = head or own_head(spec, faces)
    end = 1.0 if quick else _JUDGE_SHARE
    plain = logits_of(classifier, part.images, between(progress, 0, end / 2))
    mirrored = logits_of(classifier, part.images[:, :, ::-1], between(progress, end / 2, end))
    judged = judge(spec, faces, split, head=chosen, plain=plain, mirrored=mirrored)
    protocols = {name: figures_of(each) for name, each in judged.items()}
    values: dict[str, Any] = {
        "set": faces.name,
        "data": {"source": faces.source, "sha256": faces.digest},
        "split": split,
        "note": note,
        # The first protocol's figures stand above the others: they are what most readers want.
        **protocols["labels"],
        "protocols": protocols,
        "by_head": {
            name: _brief(figures_of(by_labels(spec, name, plain, part.labels)))
            for name in spec.heads
        },
    }
    if not quick:
        heads = list(dict.fromkeys((chosen, spec.default_head)))
        values["robustness"] = robustness(
            classifier, part.images, part.labels, heads, plain,
            progress=between(progress, end, end + _ROBUST_SHARE),
        )  # fmt: skip
        values["through_detector"] = through_detector(
            classifier, part.images, part.labels, heads, sample=sample, num_threads=num_threads,
            progress=between(progress, end + _ROBUST_SHARE, 1),
        )  # fmt: skip
    return SetResult(name=faces.name, values=values, judged=judged, part=part)


def evaluated_split(faces: LabelledFaces, split: str) -> tuple[str, str | None]:
    """The split that is judged, and a sentence where it is not the one that was asked for."""
    if len(faces.part(split)):
        return split, None
    if not len(faces.part("PublicTest")):
        raise DataError(f"{faces.source} has faces neither in {split} nor in PublicTest.")
    return "PublicTest", (
        f"{faces.source} has no {split}: these are the figures of its validation part, on which "
        "a model that was trained on this set was chosen and calibrated too."
    )


def figures_of(judged: Predictions) -> dict[str, Any]:
    """A protocol's figures as JSON values, with the areas under each class's curves."""
    figures = {"head": judged.head, **report(judged.probabilities, judged.truth, judged.labels)}
    for name, found in curves.areas(judged).items():
        figures["per_class"][name] |= found
    return figures


def _brief(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {key: figures[key] for key in _BRIEF}


def _write(
    results: Sequence[SetResult], result: Mapping[str, Any], out: Path, sheets: Path | None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / EVAL_FILE).write_text(json.dumps(result, indent=1) + "\n")
    (out / REPORT_FILE).write_text("\n".join(_report_text(each) for each in results))
    if "robustness" in result:
        plots.robustness(
            {each.name: each.values["robustness"] for each in results}, out / "robustness.png"
        )
    for i, each in enumerate(results):
        for name in [name for name in DRAWN if name in each.judged]:
            judged = each.judged[name]
            ending = name if i == 0 else f"{each.name}_{name}"
            plots.confusion(each.values["protocols"][name], out / f"confusion_{ending}.png")
            plots.reliability_diagram(judged, out / f"reliability_{ending}.png")
            curves.precision_recall(judged, out / f"curves_{ending}.png")
            if sheets is not None:
                sheets.mkdir(parents=True, exist_ok=True)
                title = f"{each.part.source} {each.values['split']}, head {judged.head}"
                mistakes.sheet(judged, each.part.images, title, sheets / f"mistakes_{ending}.png")


def _report_text(result: SetResult) -> str:
    """scikit-learn's classification report of every protocol of a set."""
    parts = []
    for name, judged in result.judged.items():
        text = classification_report(
            judged.truth,
            judged.probabilities.argmax(axis=1),
            labels=range(len(judged.labels)),
            target_names=judged.labels,
            digits=3,
            zero_division=0,
        )
        title = f"{result.part.source}, {result.values['split']}, {name}, head {judged.head}"
        parts.append(f"{title}\n{'-' * len(title)}\n{text}")
    return "\n".join(parts)
