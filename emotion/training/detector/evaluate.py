"""Measures detectors on labelled pictures: as they are, rolled, blurred, darkened."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.detection.spec import read_detector_spec
from emotion.errors import ModelError
from emotion.geometry.affine import Affine, map_boxes, warp
from emotion.models.spec import EVAL_FILE, SERVED_FILE, model_folder
from emotion.training.detector import card, plots
from emotion.training.detector.data import Picture
from emotion.training.detector.peers import Detect
from emotion.training.detector.scoring import RANGES, Tally

LONGEST = 640
ROLLS = (15, 30, 45)
BLURS = (1.5, 3.0)  # sigma in px
DARKS = (0.3, 0.1)  # gain
SEEN_FROM = 60.0  # px; the changes are judged on faces of this height and more

Progress = Callable[[int, int | None], None]
Change = Callable[[Picture, int], Picture]


def changes() -> dict[str, Change]:
    """Name -> what is done to a picture, given also its number."""
    return {
        **{f"roll {degrees}": _roll(degrees) for degrees in ROLLS},
        **{f"blur {sigma:g}": _blur(sigma) for sigma in BLURS},
        **{f"dark {gain:g}": _dark(gain) for gain in DARKS},
    }


def _roll(degrees: float) -> Change:
    return lambda picture, number: rolled(picture, degrees if number % 2 else -degrees)


def _blur(sigma: float) -> Change:
    return lambda picture, _: replace(
        picture, image=np.asarray(cv2.GaussianBlur(picture.image, (0, 0), sigma), np.uint8)
    )


def _dark(gain: float) -> Change:
    return lambda picture, _: replace(
        picture, image=(picture.image * np.float32(gain)).astype(np.uint8)
    )


def evaluate(
    detectors: Mapping[str, Detect],
    pictures: Sequence[Picture],
    out: Path,
    *,
    about: Mapping[str, Any],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes ``eval.json`` and the plots into ``out``; the same values.

    detectors: the one in question first. about: what else the file says: command, data. When
    ``out`` is a detector's own folder its card is written anew.
    """
    result: dict[str, Any] = {**about, "detectors": {}}
    curves = {}
    total = len(detectors) * len(pictures)
    for number, (name, detect) in enumerate(detectors.items()):

        def advance(done: int, before: int = number * len(pictures)) -> None:
            if progress is not None:
                progress(before + done, total)

        result["detectors"][name], curves[name] = measure(detect, pictures, advance)
    out.mkdir(parents=True, exist_ok=True)
    (out / EVAL_FILE).write_text(json.dumps(result, indent=1) + "\n")
    plots.precision_recall(curves, out / "precision_recall.png")
    plots.robustness(result["detectors"], out / "robustness.png")
    if (out / SERVED_FILE).is_file():
        card.write(out)
    return result


def measure(
    detect: Detect, pictures: Sequence[Picture], progress: Callable[[int], object]
) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """A detector's figures, and its recall and precision over all scores.

    Recall of changed pictures is at the threshold that leaves 0.05 false faces a picture in the
    unchanged ones: the page has one threshold, whatever the light.
    """
    plain, empty = Tally(), Tally()
    changed = {name: Tally() for name in changes()}
    for i, picture in enumerate(pictures):
        _add(plain, detect, picture)
        if not len(picture.faces):
            _add(empty, detect, picture)
        for name, change in changes().items():
            _add(changed[name], detect, change(picture, i))
        progress(i + 1)
    threshold = plain.threshold()
    figures = plain.figures()
    figures["without_faces"] = {
        "pictures": empty.pictures, "false_per_picture": round(empty.false_rate(threshold), 5)
    }  # fmt: skip
    all_tallies = {"unchanged": plain, **changed}
    figures["changed"] = {
        name: {"recall": _part(tally, threshold), "false_per_picture": tally.false_rate(threshold)}
        for name, tally in all_tallies.items()
    }
    return figures, plain.curve(*RANGES["all"])


def _part(tally: Tally, threshold: float) -> float | None:
    recall = tally.recall(threshold, SEEN_FROM)
    return round(recall, 5) if np.isfinite(recall) else None


def _add(tally: Tally, detect: Detect, picture: Picture) -> None:
    faces = picture.faces
    tally.add(detect(picture.image), faces.boxes, faces.ignored, faces.landmarks, faces.manual)


def rolled(picture: Picture, degrees: float) -> Picture:
    """A picture turned about its middle, whole, and shrunk to 640 px where it got larger.

    A face's box is that of the turned ellipse within the old one, see ``map_boxes``.
    """
    height, width = picture.image.shape[:2]
    view: Affine = np.asarray(
        cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), dtype=np.float64
    )
    cos, sin = abs(view[0, 0]), abs(view[0, 1])
    size = np.array([width * cos + height * sin, width * sin + height * cos])
    scale = min(LONGEST / size.max(), 1.0)
    view[:, 2] += (size - np.array([width, height])) / 2
    view *= scale
    columns, rows = (max(int(side * scale), 1) for side in size)
    faces = picture.faces
    boxes = np.clip(map_boxes(faces.boxes, view), 0, [columns, rows, columns, rows])
    landmarks = (faces.landmarks @ view[:, :2].T + view[:, 2]).astype(np.float32)
    return replace(
        picture,
        image=warp(picture.image, view, (rows, columns)),
        faces=replace(faces, boxes=boxes.astype(np.float32), landmarks=landmarks),
    )


def served_checksum(name: str) -> str | None:
    """The sha256 of a trained detector's compiled file; None for another kind of detector."""
    try:
        return read_detector_spec(model_folder(name)).checksums.get(SERVED_FILE)
    except ModelError:
        return None
