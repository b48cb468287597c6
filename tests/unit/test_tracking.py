"""Track ids from frame to frame, smoothing in time; on drawn faces, without models."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.geometry.boxes import overlaps
from emotion.tracking import FaceTracker
from emotion.tracking.association import appearance_descriptor, association_cost, greedy_matching
from emotion.tracking.one_euro import OneEuroFilter, OneEuroParameters
from emotion.types import Detection, Floats, Image
from tests.stage import HAPPY, SAD, Actor, Show, Stage, center_x


def test_between_detections_faces_are_only_refined() -> None:
    show = Show(detect_every_s=0.25)
    for _ in range(31):
        assert set(show.play(Actor(100), Actor(300, seed=1))) == {1, 2}
    assert 4 <= show.stage.detections <= 5


def test_between_refinements_a_face_is_followed_by_optical_flow() -> None:
    show = Show(detect_every_s=10.0)
    for i in range(61):
        faces = show.play(Actor(100 + 3 * i))
        assert center_x(faces[1]) == pytest.approx(100 + 3 * i, abs=4)
    assert 19 <= len(show.stage.refined) <= 22  # ten a second, of thirty frames


def test_where_frames_are_far_apart_every_one_is_refined() -> None:
    stage = Stage()
    stage.actors = [Actor(100)]
    tracker = FaceTracker(stage, detect_every_s=10.0)
    for i in range(20):
        tracker.update(stage.picture(), i / 8)
    assert len(stage.refined) == 19


def test_one_frame_in_three_is_detected_in_but_a_lost_face_is_detected_at_once() -> None:
    stage = Stage()
    tracker = FaceTracker(stage, detect_interval_frames=3)
    searched: list[int] = []

    def play(frame: int, *actors: Actor) -> tuple[int, ...]:
        stage.actors, before = list(actors), stage.detections
        faces = tracker.update(stage.picture(), frame / 4)
        if stage.detections > before:
            searched.append(frame)
        return tuple(face.track_id for face in faces)

    for frame in range(7):
        play(frame, Actor(100))
    assert searched == [0, 3, 6]
    assert play(7, Actor(150)) == (1,), "the same face, found again by a search of its own"
    assert [play(frame, Actor(150)) for frame in (8, 9, 10)] == 3 * [(1,)]
    assert searched == [0, 3, 6, 7, 10]
    assert play(11) == ()
    assert searched[-1] == 11
    assert [play(frame, Actor(400, seed=1)) for frame in (18, 19)] == [(1,), (1,)]
    assert searched[-1] == 18, "nobody was there: every frame is searched until somebody is"


def test_a_detection_is_told_who_is_known_and_finds_the_others() -> None:
    show = Show(detect_every_s=0.25)
    for _ in range(20):
        show.play(Actor(100), Actor(300, seed=1))
    assert show.stage.known[0] == 0
    assert set(show.stage.known[1:]) == {2}
    assert len(show.play(Actor(100), Actor(300, seed=1))) == 2


@pytest.mark.parametrize(
    ("score", "again", "begins"), [(0.7, 0.5, False), (0.7, 0.7, True), (0.85, 0.5, True)]
)
def test_a_medium_score_begins_a_track_only_if_a_refinement_confirms_it(
    score: float, again: float, begins: bool
) -> None:
    class Doubtful(Stage):
        def refine(
            self, image: Image, detections: Sequence[Detection], min_score: float | None = None
        ) -> Sequence[Detection | None]:
            return [face if again >= (min_score or 0) else None for face in detections]

    stage = Doubtful()
    stage.actors = [Actor(100, score=score)]
    assert bool(FaceTracker(stage).update(stage.picture(), 0.0)) == begins


def test_a_newcomer_is_found_within_the_time_between_detections() -> None:
    show = Show(detect_every_s=0.25)
    show.play(Actor(100))
    for _ in range(9):
        faces = show.play(Actor(100), Actor(400, seed=1))
    assert center_x(faces[2]) == pytest.approx(400, abs=2)


def test_a_crowd_is_refined_in_turns_and_all_are_shown() -> None:
    show = Show(detect_every_s=10.0, max_refined_per_frame=2)
    for i in range(40):
        actors = [Actor(60 + 110 * n + 2 * i, seed=n, top=HAPPY) for n in range(5)]
        faces = show.play(*actors)
        assert set(faces) == {1, 2, 3, 4, 5}
    assert show.stage.detections == 1
    assert set(show.stage.classified[1:]) == {2}
    assert len(show.stage.refined) > 10
    assert set(show.stage.refined) <= {1, 2}
    for n, actor in enumerate(actors):
        assert center_x(faces[n + 1]) == pytest.approx(actor.x, abs=4)
    for _ in range(30):  # each is seen again soon enough to follow a change
        faces = show.play(*(replace(actor, top=SAD) for actor in actors))
    assert {face.label_index for face in faces.values()} == {SAD}
    for _ in range(3):
        faces = show.play(*actors[1:])
    assert set(faces) == {2, 3, 4, 5}


@pytest.mark.parametrize("every", [1, 4, 6])
def test_a_moving_crowd_keeps_its_track_ids_also_when_frames_are_rare(every: int) -> None:
    show = Show(max_refined_per_frame=2)
    for i in range(0, 240, every):
        show.frame = i
        sway = 35 * np.sin(2 * np.pi * i / 120)
        faces = show.play(*(Actor(80 + 110 * n + sway, seed=n) for n in range(5)))
        assert set(faces) == {1, 2, 3, 4, 5}, i
        for n in range(5):
            assert center_x(faces[n + 1]) == pytest.approx(80 + 110 * n + sway, abs=30)


def test_every_fourth_detection_is_thorough_and_the_first_after_a_cut() -> None:
    show = Show(detect_every_s=0.1)
    for _ in range(40):
        show.play(Actor(100))
    assert show.stage.thorough[:6] == [True, False, False, False, True, False]
    searched = len(show.stage.thorough)
    show.tracker.reset(show.tracker.tracks, show.frame / 30)
    show.play(Actor(100))
    assert show.stage.thorough[searched]


def test_a_small_face_does_not_hide_the_large_one_behind_it() -> None:
    show = Show()
    for _ in range(10):
        show.play(Actor(250, side=24))
    for _ in range(10):
        faces = show.play(Actor(300, side=140, seed=1), Actor(250, side=24))
    assert len(faces) == 2


def test_a_face_is_known_again_after_somebody_passed_in_front() -> None:
    show = Show()
    for i in range(90):
        passer = Actor(min(100 + 6 * i, 560), side=96, seed=1)
        hidden = abs(passer.x - 320) < 48
        still = [] if hidden else [Actor(320, side=96)]
        faces = show.play(*still, passer)
        if i == 10:
            begun = {n: round(center_x(face)) for n, face in faces.items()}
    (number,) = (n for n, x in begun.items() if abs(x - 320) < 10)
    assert center_x(faces[number]) == pytest.approx(320, abs=4)


def test_in_a_crowd_no_face_has_two_boxes() -> None:
    show = Show(max_refined_per_frame=2)
    standing = [Actor(80 + 110 * n, seed=n) for n in range(5)]
    for _ in range(8):
        show.play(*standing, Actor(30, side=48, seed=9))
    for i in range(90):  # one walks behind the others and is hidden by whom it passes
        walker = Actor(30 + 6 * i, side=48, seed=9)
        hidden = any(abs(walker.x - other.x) < 40 for other in standing)
        faces = list(show.play(*standing, *([] if hidden else [walker])).values())
        for one, other in itertools.combinations(faces, 2):
            assert overlaps(one.xyxy, other.xyxy)[0] < 0.55, i


def test_who_left_is_not_refined_between_detections() -> None:
    show = Show(detect_every_s=0.25)
    for _ in range(10):
        show.play(Actor(100), Actor(300, seed=1))
    show.stage.detections = 0
    for _ in range(30):
        assert set(show.play(Actor(300, seed=1))) == {2}
    assert show.stage.detections <= 10
    assert show.stage.refined[-1] == 1


def test_a_track_id_stays_through_a_short_loss() -> None:
    show = Show()
    for _ in range(10):
        show.play(Actor(100), Actor(300, seed=1))
    for _ in range(20):
        assert set(show.play(Actor(300, seed=1))) == {2}
    for _ in range(4):
        faces = show.play(Actor(110), Actor(300, seed=1))
    assert center_x(faces[1]) == pytest.approx(110, abs=3)


def test_after_a_long_loss_the_track_id_is_free() -> None:
    show = Show()
    show.play(Actor(100))
    for _ in range(40):
        assert not show.play()
    assert set(show.play(Actor(500, seed=5))) == {1}
    recording = Show(reuse_track_ids=False)
    recording.play(Actor(100))
    for _ in range(40):
        recording.play()
    assert set(recording.play(Actor(500, seed=5))) == {2}


def test_two_people_cross_and_keep_their_track_ids() -> None:
    show = Show()
    first = [Actor(100 + 6 * i) for i in range(60)]
    second = [Actor(460 - 6 * i, seed=1) for i in range(60)]
    for one, other in zip(first, second, strict=True):
        hidden = abs(one.x - other.x) < 40  # the first passes in front
        faces = show.play(*([one] if hidden else [one, other]))
    assert center_x(faces[1]) == pytest.approx(first[-1].x, abs=8)
    assert center_x(faces[2]) == pytest.approx(second[-1].x, abs=8)


def test_somebody_else_in_the_same_place_is_somebody_else() -> None:
    show = Show(reuse_track_ids=False)
    for _ in range(10):
        show.play(Actor(100))
    for _ in range(6):
        show.play()
    for _ in range(8):
        faces = show.play(Actor(100 + 70, side=100, seed=7))
    assert set(faces) == {2}


def test_a_low_score_continues_a_track_but_begins_none() -> None:
    show = Show(detect_every_s=0.0)
    for _ in range(5):
        assert not show.play(Actor(100, score=0.5))
    show.play(Actor(100))
    assert set(show.play(Actor(100, score=0.5))) == {1}


def test_another_picture_size_forgets_all() -> None:
    show = Show()
    show.play(Actor(100))
    scans = show.stage.detections
    show.tracker.update(np.zeros((100, 100, 3), np.uint8), 1.0)
    assert show.stage.detections == scans + 1


def switches(labels: Sequence[str]) -> int:
    return sum(a != b for a, b in itertools.pairwise(labels))


def test_labels_switch_ten_times_less_on_a_still_noisy_face() -> None:
    show = Show()
    raw, shown = [], []
    still = Actor(100, sure=0.3, noise=0.6)  # the next expression has .12
    for _ in range(900):
        (face,) = show.play(still).values()
        raw.append(face.raw.label)
        shown.append(face.label)
    assert switches(raw) >= 100
    assert switches(shown) <= switches(raw) / 10


def test_a_step_is_followed_within_300_ms() -> None:
    for fps_step in (1, 2):  # analysed at 30 and at 15 frames a second
        show = Show()
        for _ in range(60):
            show.play(Actor(100, top=HAPPY, noise=0.2))
        labels = []
        for _ in range(9 // fps_step):
            (face,) = show.play(Actor(100, top=SAD, noise=0.2)).values()
            labels.append(face.label)
            show.frame += fps_step - 1
        assert labels[-1] == "sad"
        assert face.probabilities[SAD] > 0.6


def test_boxes_are_steady_at_rest_and_do_not_lag_in_motion() -> None:
    show = Show(detect_every_s=0.0)
    still = [center_x(show.play(Actor(200, noise=1.0))[1]) for _ in range(120)]
    raw = np.random.default_rng(0).normal(0, 60 / 50 / np.sqrt(2), 1000).std()
    assert np.std(still[30:]) < 0.6 * raw
    for i in range(30):
        faces = show.play(Actor(200 + 8 * i, noise=1.0))  # four face widths a second
    assert center_x(faces[1]) == pytest.approx(200 + 8 * 29, abs=0.15 * 60)


def test_probabilities_sum_to_one() -> None:
    show = Show()
    rng = np.random.default_rng(1)
    for _ in range(50):
        actor = Actor(100, top=int(rng.integers(7)), sure=float(rng.uniform(0.2, 0.999)), noise=1.0)
        (face,) = show.play(actor).values()
        assert face.probabilities.dtype == np.float32
        assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_appearance_descriptors_tell_people_apart() -> None:
    stage = Stage()
    stage.actors = [Actor(100), Actor(300, seed=1), Actor(500, y=100, side=72)]
    image = stage.picture()
    one, other, same = (appearance_descriptor(image, stage._found(actor)) for actor in stage.actors)
    assert one @ same > 0.8
    assert one @ other < 0.5
    here = stage._found(stage.actors[0])
    assert association_cost(here, one, here, one) == pytest.approx(0, abs=1e-5)
    moved = replace(here, xyxy=here.xyxy + np.float32(30))
    assert association_cost(here, one, moved, one) == pytest.approx(0.5 * 2**0.5, abs=1e-4)


@given(
    st.lists(st.lists(st.floats(0, 2), min_size=4, max_size=4), min_size=1, max_size=5),
    st.floats(0.1, 2),
)
def test_pairs_are_one_to_one_and_below_the_gate(rows: list[list[float]], limit: float) -> None:
    cost = np.array(rows)
    pairs = greedy_matching(cost, [limit] * len(rows))
    assert len({row for row, _ in pairs}) == len(pairs) == len({column for _, column in pairs})
    assert all(cost[pair] < limit for pair in pairs)
    free = np.delete(np.delete(cost, [r for r, _ in pairs], 0), [c for _, c in pairs], 1)
    assert not (free < limit).any()


@given(st.floats(-5, 5), st.floats(0.01, 1))
def test_one_euro_keeps_a_constant_and_stays_between(start: float, step_s: float) -> None:
    filtered = OneEuroFilter(OneEuroParameters(min_cutoff_hz=1.0, beta=0.1))
    for i in range(5):
        value = filtered(np.array([start], np.float32), i * step_s)
        assert value[0] == pytest.approx(start, abs=1e-5)
    between: Floats = filtered(np.array([start + 1], np.float32), 5 * step_s)
    assert start - 1e-4 <= between[0] <= start + 1 + 1e-4
