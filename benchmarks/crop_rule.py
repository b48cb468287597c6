"""How FER2013 frames its faces relative to a detector's boxes: the source of the crop rule.

    python -m benchmarks.crop_rule --data fer2013.csv [--detector NAME] [--faces N]

Each face is placed in a larger picture, as ``evaluate`` does, and detected there. The data set's
own crop is then a square near the box: ``scale`` is its side divided by the box's diagonal;
``shift_y`` and ``shift_x`` are how far its centre lies below and to the right of the box's, in the
same unit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from emotion.detection import load_detector
from emotion.geometry.affine import eye_roll
from emotion.training.expression.data import read_faces
from emotion.training.expression.evaluation.through_detector import (
    BORDER_PX,
    FACE_SIDE_PX,
    centered_detection,
    scene,
)

NAMES = ("scale", "shift_y", "shift_x", "width / height", "roll (degrees)")


def main() -> int:
    """Prints the quantiles of each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv")
    parser.add_argument("--detector", help="as of load_analyzer")
    parser.add_argument("--faces", type=int, default=1000)
    options = parser.parse_args()
    detector = load_detector(options.detector)
    images = read_faces(options.data).subset("PublicTest").images
    rng = np.random.default_rng(0)
    rows = []
    chosen = rng.permutation(len(images))[: options.faces]
    for index in chosen:
        face = centered_detection(detector.detect(scene(images[index])))
        if face is None:
            continue
        x1, y1, x2, y2 = (float(v) - BORDER_PX for v in face.unclipped_xyxy)
        diagonal, half = np.hypot(x2 - x1, y2 - y1), FACE_SIDE_PX / 2
        rows.append([
            FACE_SIDE_PX / diagonal,
            (half - (y1 + y2) / 2) / diagonal,
            (half - (x1 + x2) / 2) / diagonal,
            (x2 - x1) / (y2 - y1),
            np.degrees(eye_roll(face.landmarks)),
        ])  # fmt: skip
    print(
        f"{len(rows)} of {len(chosen)} faces found\n\n| | 10 % | median | 90 % |\n|---|---|---|---|"
    )
    for name, values in zip(NAMES, np.array(rows).T, strict=True):
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
        print(f"| {name} | {low:.3f} | {middle:.3f} | {high:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
