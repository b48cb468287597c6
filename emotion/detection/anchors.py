"""BlazeFace's anchors, the decoding of its raw outputs, and its weighted non-maximum suppression.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019,
and the published SSD parameters of MediaPipe's face detectors: fixed anchors of size 1, so that an
anchor is only its centre. Pure NumPy, stateless, safe to use from several threads. Boxes are
``xyxy`` float32 with the right and bottom edge exclusive; N = 0 is ordinary everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emotion.geometry.boxes import overlaps
from emotion.types import Floats

NUM_POINTS = 6
"""As seen in the image: left eye, right eye, nose tip, mouth, left ear, right ear (tragions)."""

VALUES = 4 + 2 * NUM_POINTS
"""Numbers of one anchor in the raw output: centre x and y, width, height, then the points."""


def anchor_centers(height: int, width: int, layers: Sequence[tuple[int, int]]) -> Floats:
    """Anchor centres (A, 2) as x, y in pixels of a (height, width) input, in the output's order.

    layers: (stride, anchors at each cell), the finest grid first. A cell's anchors lie together,
    cells go row by row.
    """
    grids = []
    for stride, count in layers:
        rows, columns = (
            -(-height // stride),
            -(-width // stride),
        )  # "same" padding rounds up
        y, x = np.mgrid[0:rows, 0:columns]
        cells = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride
        grids.append(np.repeat(cells, count, axis=0))
    return np.concatenate(grids).astype(np.float32)


def decode(raw: Floats, centers: Floats) -> tuple[Floats, Floats]:
    """Boxes (..., A, 4) and points (..., A, 6, 2) in input pixels, of raw outputs (..., A, 16)."""
    middle = raw[..., :2] + centers
    half = raw[..., 2:4] / 2
    boxes = np.concatenate([middle - half, middle + half], axis=-1)
    points = raw[..., 4:].reshape(*raw.shape[:-1], NUM_POINTS, 2) + centers[:, None, :]
    return boxes, points


def sigmoid(logits: Floats) -> Floats:
    """Scores 0..1 of any logits; far ones saturate without an overflow warning."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))), dtype=np.float32)


def logit(score: float) -> float:
    """The inverse of ``sigmoid`` for one score; -inf and inf at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(score) - np.log1p(-score))


def weighted_nms(
    boxes: Floats,
    points: Floats,
    scores: Floats,
    *,
    iou: float = 0.3,
    contained: float = 1.01,
) -> tuple[Floats, Floats, Floats]:
    """One box, its points and its score for each group of overlapping ones, best score first.

    A group is the best remaining box and all that overlap it by more than ``iou``. As in the paper
    (section 3.3), the group's mean weighted by score replaces it, which keeps a video's boxes from
    jumping between neighbours; its score is the best one's. Boxes that lie in the best one (or it
    in them) by more than ``contained`` of the smaller area go without a say: a mouth found within
    a face.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, points, scores = boxes[order], points[order], scores[order]
    alive = np.ones(len(boxes), dtype=bool)
    kept: list[int] = []
    weights: list[np.ndarray] = []
    for best in range(len(boxes)):
        if not alive[best]:
            continue
        shared, inside = overlaps(boxes[best], boxes)
        group = alive & (shared > iou)
        group[best] = True  # also one without area, which overlaps nothing
        weight = np.where(group, scores, 0)
        weights.append(weight / max(float(weight.sum()), 1e-12))
        kept.append(best)
        alive &= ~group & (inside <= contained)
    mean = np.stack(weights).astype(np.float32) if weights else np.zeros((0, len(boxes)), "f4")
    return mean @ boxes, np.einsum("kn,npc->kpc", mean, points), scores[kept]


def clip_boxes(boxes: Floats, height: int, width: int) -> Floats:
    """Boxes (..., 4) cut to the image; one wholly outside collapses onto its edge."""
    return np.clip(boxes, 0, np.array([width, height, width, height], dtype=np.float32))
