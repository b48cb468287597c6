"""Recall, false faces and time of the face detector, beside OpenCV's Haar cascade.

    python -m benchmarks.detection --faces DIR [--split test] [--limit N]

DIR holds ``test.jsonl`` and ``test-NN.tar``: pictures of at most 640 px, and for each the faces'
boxes, some of them to be ignored. Without it only the times are measured. A label is an upright
rectangle from hairline to chin, a detection a square, so that a perfect one overlaps it by an IoU
of about 0.7: one of ``MATCH_IOU`` counts as found.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emotion.boxes import overlaps
from emotion.detection import DEFAULT_MIN_SCORE, FaceDetector
from emotion.errors import DataError
from emotion.images import read_image
from emotion.types import Image

Boxes = npt.NDArray[np.float32]
Detect = Callable[[Image], tuple[Boxes, npt.NDArray[np.float32]]]

Labelled = tuple[Image, Boxes, npt.NDArray[np.bool_]]

HEIGHTS = ((120, 10_000), (60, 120), (30, 60))
MATCH_IOU = 0.4
FALSE_PER_PICTURE = 0.05


class Tally:
    """What one detector found in all pictures."""

    def __init__(self) -> None:
        self.found: list[tuple[float, float]] = []  # score, labelled height
        self.false: list[float] = []
        self.heights: list[float] = []  # of all faces to be found
        self.pictures = 0

    def add(
        self, boxes: Boxes, scores: Boxes, labels: Boxes, ignored: npt.NDArray[np.bool_]
    ) -> None:
        """One picture: each label is matched once, best score first."""
        self.pictures += 1
        heights = labels[:, 3] - labels[:, 1]
        self.heights += heights[~ignored].tolist()
        free = ~ignored
        for i in np.argsort(-scores):
            iou, inside = overlaps(boxes[i], labels) if len(labels) else (np.zeros(0),) * 2
            match = np.where(free, iou, -1)
            best = int(match.argmax()) if len(match) else -1
            if best >= 0 and match[best] >= MATCH_IOU:
                free[best] = False
                self.found.append((float(scores[i]), float(heights[best])))
            elif not (ignored & ((inside > 0.5) | (iou > 0.3))).any():
                self.false.append(float(scores[i]))

    def threshold(self) -> float:
        """The score at which ``FALSE_PER_PICTURE`` false faces remain."""
        allowed = int(FALSE_PER_PICTURE * self.pictures)
        return sorted(self.false, reverse=True)[allowed] if len(self.false) > allowed else 0.0

    def recall(self, low: float, high: float, threshold: float) -> float:
        """Found part of the faces of this height; nan where there are none."""
        total = sum(low <= h < high for h in self.heights)
        found = sum(s > threshold and low <= h < high for s, h in self.found)
        return found / total if total else float("nan")

    def row(self, name: str, threshold: float) -> str:
        """A table's line: recall by height, false faces a picture."""
        cells = [f"{self.recall(low, high, threshold):.3f}" for low, high in HEIGHTS]
        false = sum(score > threshold for score in self.false) / max(self.pictures, 1)
        return f"| {name} | {threshold:.2f} | {' | '.join(cells)} | {false:.3f} |"


def read_faces(folder: Path, split: str, limit: int | None) -> Iterator[Labelled]:
    """Picture, labelled boxes (N, 4) and whether each is to be ignored (N,)."""
    rows = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]
    for shard, group in groupby(rows[:limit], key=lambda row: str(row["shard"])):
        with tarfile.open(folder / shard) as archive:
            for row in group:
                member = archive.extractfile(row["image"])
                if member is None:
                    raise DataError(f"{shard} holds no file {row['image']}; fetch the data again.")
                faces = row["faces"]
                boxes = np.array([f["xyxy"] for f in faces], dtype=np.float32).reshape(-1, 4)
                ignored = np.array([f["ignore"] for f in faces], dtype=bool)
                yield read_image(member.read()), boxes, ignored


def rolled(image: Image, labels: Boxes, degrees: float) -> tuple[Image, Boxes]:
    """Picture and boxes turned about the middle, shrunk to 640 px; a box stays upright."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = np.array([width * cos + height * sin, width * sin + height * cos])
    matrix[:, 2] = matrix[:, 2] + (size - [width, height]) / 2
    scale = min(640 / size.max(), 1.0)
    matrix = matrix * scale
    middle = (labels[:, :2] + labels[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (labels[:, 2:] - labels[:, :2]) * scale / 2
    columns, rows = (max(int(side * scale), 1) for side in size)
    turned = cv2.warpAffine(image, matrix, (columns, rows), flags=cv2.INTER_AREA)
    return np.asarray(turned, np.uint8), np.hstack([middle - half, middle + half]).astype("f4")


def ours(detector: FaceDetector) -> Detect:
    """All that our detector finds, down to a low score."""

    def detect(image: Image) -> tuple[Boxes, Boxes]:
        found = detector.detect(image, 0.1)
        boxes = np.array([d.xyxy for d in found], dtype=np.float32).reshape(-1, 4)
        return boxes, np.array([d.score for d in found], dtype=np.float32)

    return detect


def haar() -> Detect:
    """OpenCV's alt2 cascade with its usual settings; the score is its last stage's, as a logit."""
    cascade = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml")
    )

    def detect(image: Image) -> tuple[Boxes, Boxes]:
        gray = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        xywh, _, weights = cascade.detectMultiScale3(
            gray, scaleFactor=1.1, minNeighbors=3, minSize=(20, 20), outputRejectLevels=True
        )
        boxes = np.array(xywh, dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return boxes, np.array(weights, dtype=np.float32).reshape(-1)

    return detect


def median_ms(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and least milliseconds of a call, after two to warm up."""
    times = []
    for i in range(repeats + 2):
        start = time.perf_counter()
        call()
        if i >= 2:
            times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times)), min(times)


def frame_with_a_face() -> Image:
    """A 640x480 frame with one face about 200 px high."""
    from matplotlib import get_data_path

    photo = read_image((Path(get_data_path()) / "sample_data/grace_hopper.jpg").read_bytes())
    frame = np.full((480, 640, 3), 90, dtype=np.uint8)
    frame[:, 64:576] = photo[60:540]
    return frame


def main() -> int:
    """Prints both tables; 2 when the data's folder is not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, help="folder with test.jsonl and test-NN.tar")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="only the first N pictures")
    parser.add_argument("--repeats", type=int, default=100)
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    detector, cascade = FaceDetector(), haar()
    frame = frame_with_a_face()
    faces = detector.detect(frame)
    print("| 640x480, one face, one thread | median ms | least ms |\n|---|---|---|")
    for name, call, repeats in (
        ("detect", lambda: detector.detect(frame), arguments.repeats),
        ("refine (tracking)", lambda: detector.refine(frame, faces), arguments.repeats),
        ("Haar alt2", lambda: cascade(frame), max(arguments.repeats // 10, 3)),
    ):
        median, least = median_ms(call, repeats)
        print(f"| {name} | {median:.1f} | {least:.1f} |")

    if arguments.faces is None or not (arguments.faces / f"{arguments.split}.jsonl").is_file():
        print(
            f"\nThere is no {arguments.split}.jsonl in {arguments.faces or 'a folder (--faces)'}: "
            "recall was not measured.",
            file=sys.stderr,
        )
        return 0 if arguments.faces is None else 2

    detectors = {"BlazeFace cascade": ours(detector), "Haar alt2": cascade}
    names = [*detectors, "BlazeFace cascade, rolled 45 degrees", "Haar alt2, rolled 45 degrees"]
    tallies = {name: Tally() for name in names}
    for i, (image, labels, ignored) in enumerate(
        read_faces(arguments.faces, arguments.split, arguments.limit)
    ):
        turned = rolled(image, labels, 45 if i % 2 else -45)
        for name, detect in detectors.items():
            tallies[name].add(*detect(image), labels, ignored)
            tallies[f"{name}, rolled 45 degrees"].add(*detect(turned[0]), turned[1], ignored)

    counts = [sum(low <= h < high for h in tallies["Haar alt2"].heights) for low, high in HEIGHTS]
    print(f"\n{tallies['Haar alt2'].pictures} pictures; faces {counts}; found at IoU {MATCH_IOU}")
    print("| detector | min score | 120 px and up | 60-120 | 30-60 | false a picture |")
    print("|---|---|---|---|---|---|")
    for name in names:
        if name.startswith("BlazeFace"):
            print(tallies[name].row(name, DEFAULT_MIN_SCORE))
        print(tallies[name].row(f"{name}, at {FALSE_PER_PICTURE} false", tallies[name].threshold()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
