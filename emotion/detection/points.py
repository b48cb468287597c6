"""From a single-shot network's raw outputs to faces: points, decoding, and merging of duplicates.

The network answers at points, one in the middle of each cell of ``stride`` px, as in FCOS (Tian et
al., ICCV 2019) and YuNet (Wu et al., Machine Intelligence Research 2023): there are no anchors.
Everything is in pixels of the network's input, x right and y down, pixel 0 reaching from 0 to 1.
Pure NumPy without loops over points; stateless, safe to use from several threads. N = 0 is
ordinary everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from emotion.detection.anchors import anchor_centers, logit, sigmoid
from emotion.geometry.boxes import overlaps
from emotion.types import Floats

LANDMARKS = 5
"""As seen in the image: left eye, right eye, nose tip, left and right corner of the mouth."""

VALUES = 5 + 2 * LANDMARKS
"""Numbers of a point: score logit; centre x, y and log of width and height; landmarks x, y.

Lengths are in strides, places relative to the point.
"""

MAX_LOG_SIZE = 5.0  # 148 strides; keeps the exponential finite
MAX_CANDIDATES = 1000  # merging compares each with each; a crowd of 200 has about as many


@lru_cache(maxsize=64)  # a folder of photos has few distinct shapes after rounding
def grid(height: int, width: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Points (A, 2) of a (height, width) input, and the stride (A,) of each; shared, read-only.

    Levels in the order of ``strides``, then row by row.
    """
    levels = [anchor_centers(height, width, [(stride, 1)]) for stride in strides]
    centers = np.concatenate(levels)
    counts = [len(level) for level in levels]
    per_point = np.repeat(np.array(strides, dtype=np.float32), counts)
    for array in (centers, per_point):
        array.flags.writeable = False
    return centers, per_point


def flattened(outputs: Mapping[str, Floats], strides: Sequence[int]) -> Floats:
    """The levels' outputs (1, h, w, 15), named ``stride8`` and so on, as one array (A, 15)."""
    return np.concatenate([outputs[f"stride{stride}"].reshape(-1, VALUES) for stride in strides])


def decode(raw: Floats, centers: Floats, strides: Floats) -> tuple[Floats, Floats]:
    """Boxes (..., 4) and landmarks (..., 5, 2) in px, of raw (..., 15), points (..., 2), (...)."""
    step = strides[..., None]
    middle = centers + raw[..., 1:3] * step
    half = np.exp(np.minimum(raw[..., 3:5], MAX_LOG_SIZE)) * step / 2
    boxes = np.concatenate([middle - half, middle + half], axis=-1)
    offsets = raw[..., 5:].reshape(*raw.shape[:-1], LANDMARKS, 2)
    return boxes, centers[..., None, :] + offsets * step[..., None]


def candidates(
    outputs: Mapping[str, Floats], shape: tuple[int, int], strides: tuple[int, ...], least: float
) -> tuple[Floats, Floats, Floats]:
    """Boxes (N, 4), landmarks (N, 5, 2) and scores (N,) of at least ``least``, best first.

    shape: height and width of the input. At most ``MAX_CANDIDATES``.
    """
    raw = flattened(outputs, strides)
    centers, steps = grid(*shape, strides)
    keep = np.flatnonzero(raw[:, 0] >= logit(least))
    keep = keep[np.argsort(-raw[keep, 0], kind="stable")[:MAX_CANDIDATES]]
    boxes, points = decode(raw[keep], centers[keep], steps[keep])
    return boxes, points, sigmoid(raw[keep, 0])


def merged(
    boxes: Floats, points: Floats, scores: Floats, *, iou: float
) -> tuple[Floats, Floats, Floats]:
    """One face for each group of overlapping ones, best score first.

    The group is what greedy non-maximum suppression would remove for the same best one. Its box
    and landmarks are the mean weighted by score (box voting: Gidaris and Komodakis, ICCV 2015),
    its score the best one's.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, points, scores = boxes[order], points[order], scores[order]
    if len(boxes) < 2:
        return boxes, points, scores
    better = np.triu(_overlapping(boxes, iou), k=1)  # [i, j]: i is better than j and overlaps it
    kept: np.ndarray = np.ones(len(boxes), dtype=bool)
    # Who stays depends on the better ones alone, so after n rounds the first n are settled; in
    # practice three or four rounds change nothing more.
    while True:
        settled = np.asarray(~(better & kept[:, None]).any(axis=0))
        if (settled == kept).all():
            break
        kept = settled
    best = np.flatnonzero(kept)
    claims = better[best] | (best[:, None] == np.arange(len(boxes)))
    owner = claims.argmax(axis=0)  # the best of those kept that overlap it
    weight = np.where(owner == np.arange(len(best))[:, None], scores, 0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.float32(1e-12))
    return weight @ boxes, np.einsum("kn,npc->kpc", weight, points), scores[best]


def best(
    boxes: Floats, points: Floats, scores: Floats, *, iou: float
) -> tuple[Floats, Floats, float]:
    """The first face that ``merged`` gives, of one or more; in a tenth of its time."""
    first = int(scores.argmax())
    weight = np.where(overlaps(boxes[first], boxes)[0] > iou, scores, 0)
    weight[first] = scores[first]  # without area it overlaps nothing, not even itself
    weight /= np.maximum(weight.sum(), np.float32(1e-12))
    return weight @ boxes, np.einsum("n,npc->pc", weight, points), float(scores[first])


def _overlapping(boxes: Floats, iou: float) -> np.ndarray:
    """Whether each two of N boxes have more than this IoU, bool (N, N).

    Side by side and in place: a crowd's million pairs take 5 ms instead of 40.
    """
    x1, y1, x2, y2 = np.ascontiguousarray(boxes.T)
    shared = np.minimum(x2[:, None], x2)
    shared -= np.maximum(x1[:, None], x1)
    np.maximum(shared, 0, out=shared)
    high = np.minimum(y2[:, None], y2)
    high -= np.maximum(y1[:, None], y1)
    shared *= np.maximum(high, 0, out=high)
    area = np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0)
    union = np.add(area[:, None], area, out=high)
    union -= shared
    union *= np.float32(iou)
    return np.asarray(shared > union)


def without_parts(
    boxes: Floats, points: Floats, scores: Floats, *, contained: float
) -> tuple[Floats, Floats, Floats]:
    """Those, given best score first, that do not share their place with a better one.

    contained: the fraction of the smaller box, from which on the two are one face, seen whole and
    in part.
    """
    inside = overlaps(boxes[:, None], boxes[None])[1] > contained
    alone = ~np.triu(inside, k=1).any(axis=0)
    return boxes[alone], points[alone], scores[alone]
