"""Sheets of faces and a class histogram, as PNG files: what a data set and an augmentation are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion.training.common import plotting
from emotion.training.expression.augmentation import (
    Augmentation,
    affine_warp,
    augment,
    contrast_brightness,
    gaussian_blur,
    jpeg,
    low_resolution,
)
from emotion.training.expression.data.faces import LabelledFaces
from emotion.types import EMOTIONS

GAP_PX = 4
"""White pixels between the faces of a sheet."""

Strip = tuple[str, list[tuple[str, np.ndarray]]]
"""A row of a sheet: its name, and faces uint8 (H, W) with what is written under each."""


def sample_rows(faces: LabelledFaces, columns: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Class -> up to ``columns`` rows of Training drawn at random, int64; no class without rows.

    From all parts where there is no Training. The same rows for the same seed.
    """
    rng = np.random.default_rng(seed)
    training = faces.split == "Training"
    chosen = training if training.any() else np.ones(len(faces), bool)
    found = {}
    for label, name in enumerate(EMOTIONS):
        rows = np.flatnonzero(chosen & (faces.labels == label))
        if len(rows):
            found[name] = np.sort(rng.permutation(rows)[:columns])
    return found


def example(faces: LabelledFaces) -> np.ndarray:
    """A face to show changes on, uint8 (48, 48): a happy one where there is one."""
    rows = sample_rows(faces, 1)
    row = rows.get("happy", next(iter(rows.values())))[0]
    return np.asarray(faces.images[row])


def samples(sets: Sequence[LabelledFaces], path: Path, columns: int = 10) -> None:
    """Some faces of each class and set, with their labels."""
    strips: list[Strip] = [
        (f"{faces.head}: {name}", [("", faces.images[row]) for row in rows])
        for faces in sets
        for name, rows in sample_rows(faces, columns).items()
    ]
    _draw(strips, path)


def histogram(statistics: Mapping[str, Any], path: Path) -> None:
    """Faces of each class, one panel a set, its splits beside each other."""
    sets = statistics["sets"]
    figure = Figure(figsize=(7.2, 3.0 * len(sets) + 0.4), layout="constrained")
    for axes, found in zip(np.ravel(figure.subplots(len(sets))), sets, strict=True):
        splits = {name: row for name, row in found["counts"].items() if any(row.values())}
        for i, (split, row) in enumerate(splits.items()):
            centers, width = plotting.bar_positions(len(row), len(splits), i)
            bars = axes.bar(centers, list(row.values()), width, label=split)
            axes.bar_label(bars, fontsize=6, rotation=90 if len(splits) > 1 else 0, padding=2)
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS)
        axes.margins(y=0.18)
        axes.set(ylabel="faces", title=f"{found['head']}: {found['faces']} faces")
        axes.legend()
    plotting.save(figure, path)


def augmentations(image: np.ndarray, config: Augmentation, path: Path, seed: int = 0) -> None:
    """What each change does to a grey face uint8 (H, W), and all together as ``config`` draws them.

    The upper rows are of fixed strengths, whatever the configuration.
    """
    rng = np.random.default_rng(seed)
    size = (image.shape[0], image.shape[1])
    together: list[Strip] = [
        (f"all, draws {row * 6 + 1}-{row * 6 + 6}",
         [("", augment(image, size, config, rng)) for _ in range(6)])
        for row in range(3)
    ]  # fmt: skip
    _draw([*single_changes(image), *together], path)


def single_changes(image: np.ndarray) -> list[Strip]:
    """Each change at a few strengths, of a grey face uint8 (H, W); all keep its shape."""
    size = (image.shape[0], image.shape[1])

    def erased(left: float, top: float, side: float) -> np.ndarray:
        out = image.copy()
        y, x = int(top * size[0]), int(left * size[1])
        out[y : y + int(side * size[0]), x : x + int(side * size[1])] = 128
        return out

    turns = [(f"{a} deg", affine_warp(image, size, angle_deg=a)) for a in (-30, -12, 12, 30)]
    zooms = [(f"x {z}", affine_warp(image, size, zoom=z)) for z in (0.7, 0.87, 1.15, 1.4)]
    moves = [(0.1, 0.0), (0.0, 0.1), (-0.2, 0.0), (0.1, -0.2)]
    shifts = [(f"{x:+g}, {y:+g}", affine_warp(image, size, shift=(x, y))) for x, y in moves]
    # Seen from a corner: the part that is left, enlarged to the whole.
    crops = [
        (f"{c:.0%} off", affine_warp(image, size, zoom=1 / (1 - c), shift=(s, s)))
        for c in (0.1, 0.25)
        for s in (-0.5 * c / (1 - c), 0.5 * c / (1 - c))
    ]
    flips = [
        ("mirror", affine_warp(image, size, mirror=True)),
        ("flip", affine_warp(image, size, flip=True)),
        ("both", affine_warp(image, size, mirror=True, flip=True)),
    ]
    tones = (-0.5, -0.3, 0.3, 0.5)
    places = [(0.1, 0.1, 0.15), (0.5, 0.2, 0.3), (0.3, 0.5, 0.4), (0.0, 0.0, 0.6)]
    changes = {
        "rotation_deg": turns,
        "scale": zooms,
        "shift (x, y)": shifts,
        "crop": crops,
        "mirror, flip": flips,
        "contrast": [(f"{c:+g}", contrast_brightness(image, contrast=c)) for c in tones],
        "brightness": [(f"{b:+g}", contrast_brightness(image, brightness=b)) for b in tones],
        "blur_sigma": [(f"{s:g} px", gaussian_blur(image, s)) for s in (0.5, 0.9, 1.3, 2.0)],
        "low_resolution": [(f"x {f:g}", low_resolution(image, f)) for f in (0.75, 0.5, 0.35, 0.2)],
        "jpeg_quality": [(f"{q}", jpeg(image, q)) for q in (69, 40, 20, 5)],
        "erase_side": [(f"{p[2]:g}", erased(*p)) for p in places],
    }
    return [(name, [("as it is", image), *row]) for name, row in changes.items()]


def _draw(strips: Sequence[Strip], path: Path) -> None:
    """The rows under each other, with their names on the left, at twice the faces' size."""
    height, width = strips[0][1][0][1].shape
    captions = any(text for _, row in strips for text, _ in row)
    step_y, step_x = height + GAP_PX + (10 if captions else 0), width + GAP_PX
    columns = max(len(row) for _, row in strips)
    sheet = np.full((len(strips) * step_y, columns * step_x), 255, np.uint8)
    inches = 2 / plotting.DPI  # of one pixel of the sheet
    figure = Figure(figsize=((sheet.shape[1] + 66) * inches, (sheet.shape[0] + 8) * inches))
    axes: Axes = figure.add_axes((
        64 / (sheet.shape[1] + 66), 4 / (sheet.shape[0] + 8),
        sheet.shape[1] / (sheet.shape[1] + 66), sheet.shape[0] / (sheet.shape[0] + 8),
    ))  # fmt: skip
    for y, (_, row) in enumerate(strips):
        for x, (text, face) in enumerate(row):
            top, left = y * step_y, x * step_x
            sheet[top : top + height, left : left + width] = face
            axes.text(left + width / 2, top + height + 1, text, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_yticks([y * step_y + height / 2 for y in range(len(strips))], [n for n, _ in strips])
    axes.tick_params(length=0, labelsize=8)
    axes.set_xticks([])
    axes.set_frame_on(False)
    plotting.save(figure, path)
