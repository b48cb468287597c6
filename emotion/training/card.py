"""The model card: ``README.md`` in the model's folder, written from its files, never typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotion.spec import EVAL_FILE, KERAS_FILE, SERVED_FILE, ModelSpec, read_spec

PROTOCOL_NAMES = {
    "labels": "{split}, every picture",
    "labels_leak_free": "the same, without pictures that also stand in the training part",
    "labels_mirrored": "every picture, mean over the face and its mirror image",
    "labels_default_head": "every picture, by the head that answers on the page",
    "ferplus_majority": "FER+ majority, 8 classes",
    "ferplus_seven": "FER+, most voted of 7 classes",
}


def write(folder: Path) -> None:
    """Writes the card of the model in ``folder`` from spec, run record and evaluation."""
    spec = read_spec(folder)
    run = _read(folder / "run.json")
    figures = _read(folder / EVAL_FILE)
    parts = [_head(spec, folder), _outputs(spec)]
    if run:
        parts.append(_training(run, folder))
    if figures:
        parts.append(_figures(figures))
    parts += [_LIMITS, _LICENCE]
    (folder / "README.md").write_text("\n".join(parts))


def figures_table(figures: Mapping[str, Any]) -> str:
    """The protocols of an ``eval.json`` as a Markdown table."""
    lines = [
        "| protocol | head | faces | accuracy | macro F1 | ECE |",
        "|---|---|---|---|---|---|",
    ]
    for key, name in PROTOCOL_NAMES.items():
        found = figures["protocols"].get(key)
        if found:
            lines.append(
                f"| {name.format(split=figures['split'])} | {found['head']} | {found['n']} "
                f"| {found['accuracy']:.1%} | {found['macro_f1']:.3f} | {found['ece']:.3f} |"
            )
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.is_file() else {}


def _head(spec: ModelSpec, folder: Path) -> str:
    size = (folder / SERVED_FILE).stat().st_size / 1e6
    return (
        f"# {spec.name}\n\n"
        "The apparent expression of a face, as seven probabilities. "
        "This card is written by `emotion train` and `emotion evaluate`.\n\n"
        f"- Architecture: `{spec.arch}` (`emotion/training/architectures.py`)\n"
        f"- Input: a grey uint8 face, {spec.input_size[0]} x {spec.input_size[1]} pixels; "
        "scaling to floats is inside the model\n"
        f"- Cut: a square of {spec.crop.scale:g} times the longer side of the detector's box, "
        f"moved by {spec.crop.shift_y:+g} of it (negative is up)"
        f"{', turned upright by the eyes' if spec.crop.upright else ''}\n"
        f"- Files: `{KERAS_FILE}` is the source, `{SERVED_FILE}` ({size:.1f} MB) its compiled "
        "form\n"
    )


def _outputs(spec: ModelSpec) -> str:
    lines = ["## Outputs", "", "| head | labels | temperature | |", "|---|---|---|---|"]
    for name, head in spec.heads.items():
        mark = "default" if name == spec.default_head else ""
        lines.append(f"| {name} | {', '.join(head.labels)} | {head.temperature:g} | {mark} |")
    return "\n".join(lines) + "\n"


def _training(run: Mapping[str, Any], folder: Path) -> str:
    config = run["config"]
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items() if v)
    plot = "\n![Loss and accuracy](history.png)\n" if (folder / "history.png").is_file() else ""
    return (
        "## Training\n\n"
        f"- Data: {run['data']['source']}, sha256 `{run['data']['sha256'][:16]}`; training rows "
        "without copies and without any picture of a test split\n"
        f"- {config['epochs']} epochs of batches of {config['batch_size']}, SGD with Nesterov "
        f"momentum, learning rate {config['learning_rate']:g} falling by a cosine, averaged "
        f"weights ({config['ema']:g}), seed {config['seed']}; the epoch was chosen on PublicTest\n"
        f"{_origin(run)}- Revision `{run['git_revision']}`; {versions}; every setting is in "
        f"`run.json`\n{plot}"
    )


def _origin(run: Mapping[str, Any]) -> str:
    """Where the first weights came from, when the run did not begin with random ones."""
    origin = run.get("start_from")
    if not origin:
        return ""
    before = origin["run"]
    same = " on the same data" if before and before["data"] == run["data"] else ""
    how = f", a run of {before['config']['epochs']} epochs{same}" if before else ""
    return f"- First weights: `{origin['sha256'][:16]}`{how}\n"


def _figures(figures: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"| {name} | {c['precision']:.3f} | {c['recall']:.3f} | {c['f1']:.3f} | {c['support']} |"
        for name, c in figures["per_class"].items()
    )
    return (
        f"## Figures\n\n`{figures['command']}`\n\n{figures_table(figures)}\n\n"
        f"Per class, on {figures['split']} with the head `{figures['head']}`:\n\n"
        "| class | precision | recall | F1 | faces |\n|---|---|---|---|---|\n"
        f"{rows}\n\n![Confusion matrix](confusion_labels.png)\n"
    )


_LIMITS = """## Limits

- It names the expression that a face shows, not what a person feels, and must not be used to judge
  people: not in hiring, policing, border control, medicine, schools or advertising.
- The classes with the lowest recall above are the ones it misses most; FER2013 has few disgusted
  faces, and its labels agree with the FER+ majority on about 63 % of the pictures.
- The training pictures are small, grey, mostly frontal faces from web searches; how the figures
  differ between groups of people is not known, for the data does not say.
"""

_LICENCE = """## Licence of the data

FER2013 is given for research and carries no explicit licence; the FER+ votes are Microsoft's, under
the MIT licence. Check what that means for a commercial use before you make one.
"""
