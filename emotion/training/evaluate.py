"""Evaluates a model the way it is served, and writes what was found.

The compiled form answers, with the spec's calibration; ``eval.json`` is the only source of every
figure that is published.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emotion.classifier import Classifier
from emotion.spec import EVAL_FILE, SERVED_FILE, model_folder
from emotion.training import card, plots
from emotion.training.faces import LabelledFaces
from emotion.training.metrics import report
from emotion.training.protocols import Progress, judge, silent


def evaluate(
    model: str | Path | None,
    faces: LabelledFaces,
    split: str,
    out: Path,
    *,
    head: str | None = None,
    command: str,
    num_threads: int = 1,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Writes ``eval.json`` and the plots into ``out``; the same values.

    head: whose answers are held against the data's own labels; by default the head of that
    labelling where the model has one. command: the command line that does this again. When ``out``
    is the model's own folder its card is written anew.
    """
    folder = model_folder(model)
    classifier = Classifier(folder, head=head, num_threads=num_threads)
    if head is None and "fer2013" in classifier.spec.heads and faces.source.startswith("fer2013"):
        classifier.head = "fer2013"
    judged = judge(classifier, faces, split, progress=progress)
    protocols = {
        name: {"head": j.head, **report(j.probabilities, j.truth, j.labels)}
        for name, j in judged.items()
    }
    result = {
        "command": command,
        "model": classifier.spec.name,
        "arch": classifier.spec.arch,
        "served_sha256": classifier.spec.checksums[SERVED_FILE],
        "data": {"source": faces.source, "sha256": faces.digest},
        "split": split,
        # The first protocol's figures stand at the top as well: they are what most readers want.
        **protocols["labels"],
        "protocols": protocols,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / EVAL_FILE).write_text(json.dumps(result, indent=1) + "\n")
    for name in ("labels", "ferplus_majority"):
        if name in judged:
            plots.confusion(protocols[name], out / f"confusion_{name}.png")
            plots.reliability_diagram(judged[name], out / f"reliability_{name}.png")
    if out.resolve() == folder.resolve():
        card.write(folder)
    return result
