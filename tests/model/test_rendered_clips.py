"""Results on clips rendered from photographs, where every position and time is known."""

import io

import cv2
import numpy as np
import pytest

import emotion
from emotion.geometry.boxes import overlaps
from emotion.types import Image
from emotion.video.moments import moments
from emotion.video.people import people_of
from emotion.video.track_store import TrackStore
from tests.clips import QUICK, encode
from tests.rendering import SIZE, Portrait, center_of, side_of

COUNT = 36
WAYS = np.linspace(0, 1, COUNT)
MOTIONS = {
    "moves": [{"side_px": 75, "center": (60 + 200 * s, 120 + 30 * np.sin(6 * s))} for s in WAYS],
    "zooms": [{"side_px": 37 * 4**s} for s in WAYS],
    "turns": [{"side_px": 75, "degrees": 30 * np.sin(2 * np.pi * s)} for s in WAYS],
}


@pytest.fixture(scope="module")
def analyzer() -> emotion.Analyzer:
    return emotion.load_analyzer()


@pytest.fixture(scope="module")
def portraits(analyzer: emotion.Analyzer) -> dict[str, Portrait]:
    """A woman who smiles, and one who does not."""
    return {name: Portrait.of(name, analyzer) for name in ("collins", "hopper")}


def recorded(clip: bytes, analyzer: emotion.Analyzer) -> TrackStore:
    record = TrackStore()
    for result in emotion.analyze_video(io.BytesIO(clip), analyzer):
        record.add(result)
    return record


@pytest.mark.parametrize("name", ["collins", "hopper"])
@pytest.mark.parametrize("motion", MOTIONS)
def test_a_face_is_where_it_was_put(
    name: str, motion: str, analyzer: emotion.Analyzer, portraits: dict[str, Portrait]
) -> None:
    portrait = portraits[name]
    places = [portrait.place(**step) for step in MOTIONS[motion]]
    results = list(emotion.analyze_video(io.BytesIO(portrait.clip(places)), analyzer))
    assert [(r.frame, r.time_s) for r in results] == [(i, i / 30) for i in range(COUNT)]
    assert [len(result.faces) for result in results] == [1] * COUNT
    assert {result.faces[0].track_id for result in results} == {1}
    for result, place in zip(results, places, strict=True):
        face, true = result.faces[0], portrait.box(place)
        side = side_of(true)
        assert overlaps(face.raw.xyxy, true)[0] > 0.8
        assert np.linalg.norm(center_of(face.raw.xyxy) - center_of(true)) < 0.08 * side
        assert np.linalg.norm(center_of(face.xyxy) - center_of(true)) < 0.15 * side, "as shown"
        assert face.raw.landmarks is not None
        away = np.linalg.norm(face.raw.landmarks - portrait.landmarks(place), axis=1)
        assert away.max() < 0.12 * side
        if name == "collins":
            assert face.raw.label == face.label == "happy"


@pytest.mark.parametrize(("first", "then"), [("collins", "hopper"), ("hopper", "collins")])
def test_a_fade_is_a_change_at_its_moment(
    first: str, then: str, analyzer: emotion.Analyzer, portraits: dict[str, Portrait]
) -> None:
    before, after = (portraits[name].picture(portraits[name].place(96)) for name in (first, then))
    middle_s, length_s = 1.25, 0.3
    shares = np.clip((np.arange(75) / 30 - middle_s) / length_s + 0.5, 0, 1)
    pictures = (cv2.addWeighted(before, 1 - share, after, share, 0) for share in shares)
    clip = encode(range(75), codec="libx264", pictures=pictures, size=SIZE, options=QUICK)
    record = recorded(clip, analyzer)
    (person,) = people_of(record)
    assert person.frames == 75, "one face all the time, whatever it looks like"
    # The officer may be called sad or neutral, also in turn; only the smile comes or goes once.
    smiles = [m for m in moments(record) if m.kind == "change" and "happy" in (m.before, m.label)]
    assert len(smiles) == 1
    assert (smiles[0].before == "happy") == (first == "collins")
    assert smiles[0].time_s == pytest.approx(middle_s, abs=0.25)


def head(portrait: Portrait) -> Image:
    """The face alone, 96 pixels wide, its box 64."""
    return portrait.picture(portrait.place(64, (48, 45)), (96, 96))


@pytest.mark.parametrize("apart_px", [110, 20])
def test_two_who_pass_each_other_stay_two(
    apart_px: int, analyzer: emotion.Analyzer, portraits: dict[str, Portrait]
) -> None:
    heads = [head(portrait) for portrait in portraits.values()]
    ways = np.linspace(10, 254, 60).round().astype(int)
    corners = [(ways, 10), (ways[::-1], 10 + apart_px)]  # the first is in front
    pictures = []
    for index in range(60):
        picture = np.full((240, 360, 3), 90, np.uint8)
        for image, (x, y) in reversed(list(zip(heads, corners, strict=True))):
            picture[y : y + 96, x[index] : x[index] + 96] = image
        pictures.append(picture)
    clip = encode(range(60), codec="libx264", pictures=pictures, size=(360, 240), options=QUICK)
    record = recorded(clip, analyzer)
    whose: dict[int, set[int]] = {}
    for face in record.faces:
        true = np.array([(x[face["frame"]] + 48, y + 45) for x, y in corners])
        away = np.linalg.norm(true - center_of(face["raw_xyxy"]), axis=1)
        if np.abs(true[0] - true[1]).max() > 96:  # the front one hides nothing of the other
            assert away.min() < 10
            whose.setdefault(int(face["track_id"]), set()).add(int(away.argmin()))
    assert all(len(people) == 1 for people in whose.values()), "a number is one person's"
    if apart_px > 96:
        assert sorted(whose) == [1, 2]
        assert len(record.faces) == 120, "both in every frame"
    else:
        front = [number for number, people in whose.items() if people == {0}]
        assert len(front) == 1
        assert np.count_nonzero(record.faces["track_id"] == front[0]) == 60
