"""The gain from fine-tuning: a model on a kind of picture that it was not trained on.

    python -m benchmarks.fine_tuning --rafdb rafdb-train.tar --out /tmp/masks

The pictures are RAF-DB's validation split, on which no model here was trained, with a surgical mask
drawn over mouth and nose: 922 for training, 307 for validation, 305 for testing. Writes them as a
folder ``train|val|test/LABEL``, runs the usual commands on it, and prints the metrics of each model
on the test split.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from emotion.training.expression.data.faces import LabelledFaces, validation_split
from emotion.training.expression.data.folders import read_pictures
from emotion.types import EMOTIONS

PARTS = (("train", 0.6), ("val", 0.8), ("test", 1.0))
"""Each split's name, and the fraction of each class at which it ends."""

TOP, EDGE, CHIN = 0.56, 0.08, 0.97
"""Where the mask lies below the eyes in FER2013's framing, in fractions of the side."""


def main() -> None:
    """Writes the folder, trains twice and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rafdb", type=Path, required=True, help="RAF-DB's training part")
    parser.add_argument("--out", type=Path, required=True, help="for the pictures and the models")
    parser.add_argument("--epochs", type=int, default=12, help="of the fine-tuning (default 12)")
    parser.add_argument("--from-scratch-epochs", type=int, default=40, help="default 40")
    options = parser.parse_args()
    pictures = options.out / "masked"
    if not pictures.is_dir():
        write(validation_split(read_pictures(options.rafdb, "rafdb")), pictures)
    tuned, scratch = options.out / "tuned", options.out / "scratch"
    known = ["--start-from", "se_resnet", "--freeze-epochs", "3", "--learning-rate", "0.01"]
    seconds = {
        tuned: train(pictures, tuned, ["--epochs", str(options.epochs), *known]),
        scratch: train(pictures, scratch, ["--epochs", str(options.from_scratch_epochs)]),
    }
    rows = [("se_resnet as it is", *figures(pictures, options.out / "0", "se_resnet", "rafdb"), "")]
    for text, model in (("fine-tuned", tuned), ("from scratch", scratch)):
        found = figures(pictures, model / "test", str(model))
        rows.append((text, *found, f"{seconds[model] / 60:.1f} min"))
    print("| model | accuracy | macro F1 | training |\n|---|---|---|---|")
    for text, accuracy, macro_f1, spent in rows:
        print(f"| {text} | {accuracy:.1%} | {macro_f1:.3f} | {spent} |")


def write(faces: LabelledFaces, root: Path) -> None:
    """Writes the masked faces as ``root/SPLIT/LABEL/NUMBER.png``, stratified by class."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(EMOTIONS):
        rows = rng.permutation(np.flatnonzero(faces.labels == label))
        for place, row in enumerate(rows):
            part = next(part for part, end in PARTS if place < end * len(rows))
            folder = root / part / name
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{row}.png"), masked(faces.images[row], rng))


def masked(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy of a gray face (S, S) with a mask of random shade and height."""
    side = face.shape[0]
    top = TOP + rng.uniform(-0.04, 0.04)
    outline = [(EDGE, top + 0.05), (0.5, top), (1 - EDGE, top + 0.05)]
    outline += [(1 - EDGE - 0.1, 0.85), (0.5, CHIN), (EDGE + 0.1, 0.85)]
    shade = float(rng.choice([45, 150, 215]) + rng.normal(0, 12))
    result = face.copy()
    cv2.fillPoly(result, [np.round(np.array(outline) * side).astype(np.int32)], shade)
    for fold in (0.25, 0.5, 0.75):
        y = round((top + 0.05 + fold * (CHIN - top - 0.12)) * side)
        ends = round((EDGE + 0.1) * side), round((0.9 - EDGE) * side)
        cv2.line(result, (ends[0], y), (ends[1], y), shade * 0.9)
    return result


def train(pictures: Path, model: Path, settings: list[str]) -> float:
    """Runs ``emotion train`` on the folder; returns its seconds."""
    started = time.monotonic()
    emotion(
        "train", "--data", str(pictures), "--batch-size", "64", *settings,
        "--out", str(model), "--runs", str(model.parent / "runs"),
    )  # fmt: skip
    return time.monotonic() - started


def figures(pictures: Path, out: Path, model: str, head: str | None = None) -> tuple[float, float]:
    """Accuracy and macro F1 on the test split, by ``emotion evaluate``."""
    emotion(
        "evaluate", "--model", model, "--data", str(pictures), "--split", "PrivateTest", "--quick",
        "--out", str(out), *(["--head", head] if head else []),
    )  # fmt: skip
    result = json.loads((out / "eval.json").read_text())
    return result["accuracy"], result["macro_f1"]


def emotion(*argv: str) -> None:
    """Runs ``python -m emotion ...`` with its output on stderr."""
    command = [sys.executable, "-m", "emotion", *argv]
    print(" ".join(command), file=sys.stderr)
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
