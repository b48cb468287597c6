"""Contact sheets of a data set and its augmentation, and a class histogram, as PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion.training.common import plotting
from emotion.training.common.degradations import gaussian_blur, jpeg, low_resolution
from emotion.training.expression.augmentation import (
    Augmentation,
    affine_warp,
    augment,
    contrast_brightness,
)
from emotion.training.expression.data.faces import LabelledFaces
from emotion.types import EMOTIONS

GAP_PX = 4
"""Space between the faces of a sheet, in pixels."""

SheetRow = tuple[str, list[tuple[str, np.ndarray]]]
"""A row of a sheet: its name, and its faces, uint8 (H, W), with their captions."""


def sample_rows(faces: LabelledFaces, columns: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Samples rows of each class from Training, or from all splits if there is none.

    Args:
        faces: The data set.
        columns: Largest number of rows of a class.
        seed: Seed of the sample.

    Returns:
        Class -> rows, int64, without classes that have none.
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
    """A face to show augmentations on, uint8 (48, 48): a happy one if there is one."""
    rows = sample_rows(faces, 1)
    row = rows.get("happy", next(iter(rows.values())))[0]
    return np.asarray(faces.images[row])


def samples(sets: Sequence[LabelledFaces], path: Path, columns: int = 10) -> None:
    """Draws some faces of each class and set.

    Args:
        sets: The data sets.
        path: The PNG file.
        columns: Largest number of faces of a class.
    """
    rows: list[SheetRow] = [
        (f"{faces.head}: {name}", [("", faces.images[row]) for row in rows])
        for faces in sets
        for name, rows in sample_rows(faces, columns).items()
    ]
    _draw(rows, path)


def histogram(statistics: Mapping[str, Any], path: Path) -> None:
    """Plots the number of faces of each class and split, a panel for each set.

    Args:
        statistics: What ``statistics_of`` returned.
        path: The PNG file.
    """
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
    """Draws each change at fixed strengths, then random augmentations.

    Args:
        image: Grey face, uint8 (H, W).
        config: How the random augmentations are drawn.
        path: The PNG file.
        seed: Seed of the random augmentations.
    """
    rng = np.random.default_rng(seed)
    size = (image.shape[0], image.shape[1])
    together: list[SheetRow] = [
        (f"all, draws {row * 6 + 1}-{row * 6 + 6}",
         [("", augment(image, size, config, rng)) for _ in range(6)])
        for row in range(3)
    ]  # fmt: skip
    _draw([*single_changes(image), *together], path)


def single_changes(image: np.ndarray) -> list[SheetRow]:
    """Applies each change to a grey face, uint8 (H, W), at a few fixed strengths."""
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
    # Crops from a corner, enlarged to the whole size.
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


def _draw(rows: Sequence[SheetRow], path: Path) -> None:
    """Draws the rows below each other, with their names on the left, at twice the faces' size."""
    height, width = rows[0][1][0][1].shape
    captions = any(text for _, row in rows for text, _ in row)
    step_y, step_x = height + GAP_PX + (10 if captions else 0), width + GAP_PX
    columns = max(len(row) for _, row in rows)
    sheet = np.full((len(rows) * step_y, columns * step_x), 255, np.uint8)
    inches = 2 / plotting.DPI  # of one pixel of the sheet
    figure = Figure(figsize=((sheet.shape[1] + 66) * inches, (sheet.shape[0] + 8) * inches))
    axes: Axes = figure.add_axes((
        64 / (sheet.shape[1] + 66), 4 / (sheet.shape[0] + 8),
        sheet.shape[1] / (sheet.shape[1] + 66), sheet.shape[0] / (sheet.shape[0] + 8),
    ))  # fmt: skip
    for y, (_, row) in enumerate(rows):
        for x, (text, face) in enumerate(row):
            top, left = y * step_y, x * step_x
            sheet[top : top + height, left : left + width] = face
            axes.text(left + width / 2, top + height + 1, text, ha="center", va="top", fontsize=7)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_yticks([y * step_y + height / 2 for y in range(len(rows))], [n for n, _ in rows])
    axes.tick_params(length=0, labelsize=8)
    axes.set_xticks([])
    axes.set_frame_on(False)
    plotting.save(figure, path)
