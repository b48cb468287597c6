"""Evaluates a classifier as it is served, and writes ``eval.json``, reports and plots.

The compiled model is evaluated, with the spec's calibration. ``eval.json`` is the only source of
every published figure. Its top level holds the first data set; ``sets`` holds the further ones by
name, with the same keys:

| key | holds |
|---|---|
| set, data, split, note | what was evaluated; the note says where it is another split |
| head, n, accuracy, ... | the protocol "labels", see ``metrics.report`` |
| protocols | every protocol, see ``protocols`` |
| by_head | the data's labels against the predictions of each head |
| robustness | accuracy under perturbations, see ``robustness`` |
| through_detector | accuracy on the detector's crops, see ``through_detector`` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emotion.errors import DataError
from emotion.expression.classifier import Classifier
from emotion.models.spec import SERVED_FILE, model_folder
from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.evaluation import card, curves
from emotion.training.expression.evaluation.metrics import report
from emotion.training.expression.evaluation.protocols import (
    Predictions,
    Progress,
    compute_logits,
    head_for,
    head_predictions,
    no_progress,
    predictions_by_protocol,
    progress_range,
)
from emotion.training.expression.evaluation.results import SetResult, write_results
from emotion.training.expression.evaluation.robustness import robustness
from emotion.training.expression.evaluation.through_detector import through_detector

_BRIEF = (
    "n", "accuracy", "accuracy_95", "balanced_accuracy", "macro_f1", "macro_f1_95", "ece",
)  # fmt: skip
# Fractions of the time, approximately; the detector takes the rest.
_PROTOCOLS_SHARE, _ROBUSTNESS_SHARE = 0.12, 0.75


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
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Evaluates a model and writes ``eval.json``, the reports and the plots.

    Args:
        model: Name or folder of the model; None for the default one.
        faces: The first data set.
        split: The split to evaluate: Training, PublicTest or PrivateTest.
        out: Folder for the files. Where it is the model's own folder, its card is written, too.
        also: Further data sets; one without the split is evaluated on its validation split.
        head: Head whose predictions are compared with the first set's labels; by default the head
            of that labelling where the model has one.
        quick: Whether to leave out robustness and detector.
        sample: Number of faces of a set that the detector is run on; with 1000 the accuracy is
            known to about 3 points.
        sheets: Folder for the contact sheets of errors; by default ``out``, and none where that is
            the model's own folder.
        command: Command line that repeats this evaluation.
        num_threads: Threads of classifier and detector.
        progress: Called with the fraction that is done, 0..1.

    Returns:
        The values of ``eval.json``.

    Raises:
        DataError: When two sets have the same name, or a set has nothing to evaluate.
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
                progress=progress_range(progress, i / (1 + len(also)), (i + 1) / (1 + len(also))),
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
    write_results(results, result, out, sheets or (None if own_folder else out))
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
    progress: Progress = no_progress,
) -> SetResult:
    """Evaluates one data set.

    Args:
        classifier: The classifier.
        faces: The data set.
        split: The split to evaluate; where there is none, the validation split.
        head: Head whose predictions are compared with the set's own labels.
        quick: Whether to leave out robustness and detector.
        sample: Number of faces that the detector is run on.
        num_threads: Threads of the detector.
        progress: Called with the fraction that is done, 0..1.

    Raises:
        DataError: When there is neither the split nor a validation split.
    """
    spec = classifier.spec
    split, note = evaluated_split(faces, split)
    part = faces.subset(split)
    chosen = head or head_for(spec, faces)
    end = 1.0 if quick else _PROTOCOLS_SHARE
    plain = compute_logits(classifier, part.images, progress_range(progress, 0, end / 2))
    mirrored = compute_logits(
        classifier, part.images[:, :, ::-1], progress_range(progress, end / 2, end)
    )
    predictions = predictions_by_protocol(
        spec, faces, split, head=chosen, plain=plain, mirrored=mirrored
    )
    protocols = {name: protocol_figures(each) for name, each in predictions.items()}
    values: dict[str, Any] = {
        "set": faces.name,
        "data": {"source": faces.source, "sha256": faces.digest},
        "split": split,
        "note": note,
        # The first protocol is repeated at the top level: it is what most readers want.
        **protocols["labels"],
        "protocols": protocols,
        "by_head": {
            name: _brief(protocol_figures(head_predictions(spec, name, plain, part.labels)))
            for name in spec.heads
        },
    }
    if not quick:
        heads = list(dict.fromkeys((chosen, spec.default_head)))
        values["robustness"] = robustness(
            classifier, part.images, part.labels, heads, plain,
            progress=progress_range(progress, end, end + _ROBUSTNESS_SHARE),
        )  # fmt: skip
        values["through_detector"] = through_detector(
            classifier, part.images, part.labels, heads, sample=sample, num_threads=num_threads,
            progress=progress_range(progress, end + _ROBUSTNESS_SHARE, 1),
        )  # fmt: skip
    return SetResult(name=faces.name, values=values, predictions=predictions, part=part)


def evaluated_split(faces: LabelledFaces, split: str) -> tuple[str, str | None]:
    """Chooses the split to evaluate.

    Args:
        faces: The data set.
        split: The requested split.

    Returns:
        The split, and a note where it is the validation split instead.

    Raises:
        DataError: When there is neither.
    """
    if len(faces.subset(split)):
        return split, None
    if not len(faces.subset("PublicTest")):
        raise DataError(f"{faces.source} has faces neither in {split} nor in PublicTest.")
    return "PublicTest", (
        f"{faces.source} has no {split}: these are the figures of its validation split, on which "
        "a model that was trained on this set was chosen and calibrated too."
    )


def protocol_figures(predictions: Predictions) -> dict[str, Any]:
    """A protocol's metrics as JSON values, with the areas under each class's curves."""
    figures = {
        "head": predictions.head,
        **report(predictions.probabilities, predictions.truth, predictions.labels),
    }
    for name, found in curves.class_areas(predictions).items():
        figures["per_class"][name] |= found
    return figures


def _brief(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {key: figures[key] for key in _BRIEF}
