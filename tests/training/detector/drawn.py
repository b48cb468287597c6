"""A small data set in the real one's form: drawn faces of any size on noise."""

import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PILImage

LAYOUT = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.78], [0.65, 0.78]])
"""Eyes, nose tip and mouth corners as fractions of the box."""


def landmarks_of(box: np.ndarray) -> np.ndarray:
    """The five landmarks (5, 2) of a drawn face in its box (4,)."""
    return np.asarray(box[:2] + LAYOUT * (box[2:] - box[:2]), dtype=np.float32)


def draw_face(image: np.ndarray, box: np.ndarray) -> None:
    """A bright ellipse with dark eyes and a red mouth."""
    points = landmarks_of(box)
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    unit = max(int(half[0] / 6), 1)
    cv2.ellipse(
        image, tuple(map(int, middle)), tuple(map(int, half)), 0, 0, 360, (230, 200, 170), -1
    )
    for x, y in points[:2]:
        cv2.circle(image, (int(x), int(y)), unit, (20, 20, 20), -1)
    ends = [tuple(map(int, point)) for point in points[3:]]
    cv2.line(image, ends[0], ends[1], (200, 30, 30), unit)


def write_pack(folder: Path, split: str, count: int, seed: int = 0) -> Path:
    """SPLIT.jsonl and one shard: 160x128 pictures with 0 to 2 faces, some of them to be ignored."""
    rng = np.random.default_rng(seed)
    rows = []
    with tarfile.open(folder / f"{split}-00.tar", "w") as archive:
        for i in range(count):
            image = rng.integers(30, 110, (128, 160, 3), np.uint8)
            faces = []
            for left in (4, 84)[: i % 3]:
                height = float(rng.uniform(24, 70))
                corner = np.array([left, rng.uniform(4, 50)])
                box = np.concatenate([corner, corner + np.array([height * 0.8, height])])
                draw_face(image, box)
                face = {"xyxy": box.round(1).tolist(), "ignore": 0, "landmarks_source": "manual"}
                faces.append(face | {"landmarks": landmarks_of(box).round(1).tolist()})
            if i % 7 == 6:
                faces.append({"xyxy": [150, 118, 156, 125], "ignore": 1})
            data = io.BytesIO()
            PILImage.fromarray(image).save(data, "WEBP", quality=80)
            info = tarfile.TarInfo(f"{split}/{i:05}.webp")
            info.size = data.tell()
            data.seek(0)
            archive.addfile(info, data)
            row = {"shard": f"{split}-00.tar", "image": info.name, "width": 160, "height": 128}
            rows.append(row | {"faces": faces})
    (folder / f"{split}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder
