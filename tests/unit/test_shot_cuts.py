"""Where a shot of a film ends, and who is who after it; on drawn faces, without models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from emotion.detection.base import THOROUGH, SearchOptions
from emotion.tracking.shot_cuts import ShotCutDetector
from emotion.types import Detection, Face, Image
from emotion.video.pipeline import track_faces
from tests.stage import Actor, Stage


def test_a_cut_is_found_and_movement_is_none() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 256, (12, 16, 3), np.uint8) for _ in range(2))
    big = [np.asarray(p.repeat(20, axis=0).repeat(20, axis=1), np.uint8) for p in (first, second)]
    cuts = ShotCutDetector()
    assert not any(cuts.is_cut(np.roll(big[0], 2 * i, axis=1)) for i in range(20))
    assert cuts.is_cut(big[1])
    assert not cuts.is_cut(big[1])


def shot(shade: int, *actors: Actor) -> Image:
    """A picture of one camera; its ground tells it from the others."""
    stage = Stage()
    stage.actors = list(actors)
    picture = stage.picture()
    picture[:60] = shade
    picture[200:] = 255 - shade
    return picture


class Film(Stage):
    """Shots of ten frames, each with its actors; a frame tells its shot in its first pixel."""

    def __init__(self, shots: Sequence[tuple[int, Sequence[Actor]]]) -> None:
        super().__init__()
        self._shots = shots

    def frames(self) -> Iterator[tuple[int, float, Image]]:
        for index in range(10 * len(self._shots)):
            shade, actors = self._shots[index // 10]
            picture = shot(shade, *actors)
            picture[0, 0] = index // 10
            yield index, index / 10, picture

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> Sequence[Detection]:
        self.actors = list(self._shots[image[0, 0, 0]][1])  # frames are drawn ahead
        return super().detect(image, min_score, options)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection | None]:
        self.actors = list(self._shots[image[0, 0, 0]][1])
        return super().refine(image, detections, min_score)

    def faces(self, image: Image, detections: Sequence[Detection]) -> Sequence[Face]:
        flat = np.full(7, 1 / 7, np.float32)  # another frame's actors may be set by now
        return [Face(xyxy=d.xyxy, score=d.score, probabilities=flat) for d in detections]


def numbers_through(shots: Sequence[tuple[int, Sequence[Actor]]]) -> list[set[int]]:
    """Of each shot of ten frames, the numbers that its faces had."""
    film = Film(shots)
    seen: list[set[int]] = [set() for _ in shots]
    for result, _ in track_faces(film.frames(), film):
        seen[result.frame // 10] |= {face.track_id for face in result.faces}
    return seen


def test_a_cut_back_to_the_same_camera_finds_the_same_person() -> None:
    first, second = Actor(x=150, seed=1), Actor(x=450, seed=2)
    shots = [(0, [first]), (255, [second]), (0, [first]), (255, [second])]
    assert numbers_through(shots) == [{1}, {2}, {1}, {2}]


def test_somebody_else_before_the_same_camera_is_somebody_else() -> None:
    first, second, third = Actor(x=150, seed=1), Actor(x=450, seed=2), Actor(x=150, seed=3)
    assert numbers_through([(0, [first]), (255, [second]), (0, [third])]) == [{1}, {2}, {3}]


def test_the_same_face_before_another_camera_is_not_joined() -> None:
    first = Actor(x=150, seed=1)
    assert numbers_through([(0, [first]), (255, []), (128, [first])]) == [{1}, set(), {2}]


def test_many_shots_are_known_again_in_any_order() -> None:
    actors = [Actor(x=150, seed=1), Actor(x=350, seed=2), Actor(x=500, seed=3)]
    order = [0, 1, 2, 1, 0, 2]
    shots = [((0, 255, 128)[which], [actors[which]]) for which in order]
    assert numbers_through(shots) == [{which + 1} for which in order]
