"""The fit of the score fusion, on two portraits at several sizes and pictures without faces."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import skimage.data

from emotion.cli import main
from emotion.detection.hybrid import Proposal
from emotion.detection.loading import load_hybrid
from emotion.detection.score_fusion import Evidence
from emotion.imaging.files import read_image
from emotion.training.detector import fit_fusion
from emotion.training.detector.data import Faces, Picture
from emotion.types import Floats, Image
from tests.training.detector.drawn import write_pack

ASTRONAUT_BOX, HOPPER_BOX = (179, 52, 270, 177), (152, 85, 368, 345)


def labelled(boxes: Floats, ignored: list[bool] | None = None) -> Faces:
    count = len(boxes)
    return Faces(
        boxes, np.array(ignored or [False] * count, bool), np.zeros((count, 5, 2), np.float32),
        np.zeros((count, 5), np.float32), np.zeros(count, bool), np.zeros(count, np.int8),
        np.ones(count, np.float32),
    )  # fmt: skip


def picture(image: Image, box: tuple[int, ...] | None, scale: float) -> Picture:
    """An image shrunk into the corner of a grey one, whose noise brings false proposals."""
    rng = np.random.default_rng(round(scale * 1000))
    canvas = rng.integers(90, 130, (480, 640, 3)).astype(np.uint8)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:480, :640]
    canvas[: small.shape[0], : small.shape[1]] = small
    boxes = np.array([box] if box else [], np.float32).reshape(-1, 4) * scale
    return Picture(canvas, labelled(boxes))


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    astronaut = np.asarray(skimage.data.astronaut(), np.uint8)
    folder = Path(matplotlib.get_data_path()) / "sample_data"
    hopper = read_image((folder / "grace_hopper.jpg").read_bytes())
    scales = (0.16, 0.24, 0.3, 0.5, 0.8)
    faces = [picture(astronaut, ASTRONAUT_BOX, s) for s in scales]
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 7), np.uint8)  # not confirmed
    faces += [picture(blurred, ASTRONAUT_BOX, s) for s in scales]
    faces += [picture(hopper, HOPPER_BOX, s / 2) for s in scales]
    others = [getattr(skimage.data, name)() for name in ("cat", "coffee", "rocket", "chelsea")]
    return faces + [picture(np.asarray(o, np.uint8), None, s) for o in others for s in scales]


def test_a_fit_tells_faces_from_the_rest(pictures: list[Picture]) -> None:
    done: list[int] = []
    fusion = fit_fusion.fit(pictures, progress=done.append)
    assert done == list(range(1, len(pictures) + 1))
    detector = load_hybrid(fusion)
    right = 0
    for each in pictures:
        right += len(detector.detect(each.image)) == len(each.faces)
    assert right >= len(pictures) - 2


def test_which_proposals_are_faces() -> None:
    boxes = [(0, 0, 40, 40), (2, 2, 44, 44), (100, 0, 140, 40), (200, 0, 240, 40), (300, 0, 308, 9)]
    faces = labelled(np.array([boxes[0], boxes[3], boxes[4]], np.float32), [False, True, False])
    landmarks = np.zeros((6, 2), np.float32)
    proposals = [Proposal(np.array(box, np.float32), landmarks, Evidence(0.9)) for box in boxes]
    found = [example.is_face for example in fit_fusion._labelled(proposals, faces)]
    # Both on the first face; the third on none; ignored and tiny faces are left out.
    assert found == [True, True, False]


def test_too_few_pictures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pack(tmp_path, "train", 2)
    arguments = ["fit-detector", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "more labelled pictures are needed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
