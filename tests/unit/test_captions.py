"""Results as English text."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.app.captions import (
    ADJECTIVES,
    change_caption,
    counted,
    escape_markdown,
    expression_caption,
    face_caption,
    percent,
    person_caption,
    photo_caption,
    probability_percent,
    quality_caption,
    quality_notes,
    rough_duration,
    timecode,
)
from emotion.expression.quality import FaceQuality
from emotion.types import EMOTIONS, Face
from tests.unit.test_bars import probabilities


def face(**values: float) -> Face:
    return Face(xyxy=np.zeros(4, np.float32), score=1.0, probabilities=probabilities(**values))


def test_captions() -> None:
    assert set(ADJECTIVES) == set(EMOTIONS)
    assert face_caption(face(happy=0.93, neutral=0.07), 1) == "Face 1 looks happy, 93%"
    unclear = {"sad": 0.41, "neutral": 0.39, "angry": 0.2}
    assert expression_caption(probabilities(**unclear)) == "unclear, sad (41%) or neutral (39%)"
    assert face_caption(face(**unclear), 2) == "Face 2: unclear, sad (41%) or neutral (39%)"


def test_no_rounding_makes_certain() -> None:
    assert [percent(p) for p in (0, 0.004, 0.93, 0.994, 0.995, 0.9999, 1)] == [
        "0%", "under 1%", "93%", "99%", "over 99%", "over 99%", "100%"
    ]  # fmt: skip
    assert [probability_percent(p) for p in (0.0, 1.0)] == ["under 1%", "over 99%"]
    assert [probability_percent(p, short=True) for p in (0.0, 0.5, 1.0)] == ["<1%", "50%", ">99%"]
    assert face_caption(face(happy=1.0), 1) == "Face 1 looks happy, over 99%"


def test_mostly_takes_half_of_the_time_and_ties_are_named() -> None:
    def caption(**shares: float) -> str:
        return person_caption(1, probabilities(**shares))

    assert caption(happy=0.62, sad=0.38) == "Person 1 mostly looks happy, 62%"
    assert caption(happy=0.53, sad=0.47) == "Person 1 mostly looks happy, 53%"
    assert caption(happy=0.5, sad=0.5) == "Person 1 looks happy (50%) or sad (50%)"
    assert caption(happy=0.503, sad=0.497) == "Person 1 looks happy (50%) or sad (50%)"
    assert caption(happy=0.38, neutral=0.38, sad=0.24) == (
        "Person 1 looks happy (38%) or neutral (38%) or sad (24%)"
    )
    assert caption(happy=0.4, neutral=0.2, sad=0.2, fear=0.2) == (
        "Person 1 looks happy most often, 40%"
    )


def test_a_change_from_the_resting_face_names_the_largest_rise() -> None:
    resting = probabilities(neutral=0.9, happy=0.1)
    against = "Against the resting face: "
    assert change_caption(probabilities(happy=0.72, neutral=0.28), resting) == (
        f"{against}happy +62 points"
    )
    assert change_caption(probabilities(neutral=0.87, happy=0.13), resting) == (
        f"{against}little change"
    )
    assert "No resting face" in change_caption(resting, None)


def test_counts_and_durations() -> None:
    assert [timecode(s) for s in (0, 3.21, 3723.4)] == ["0:00.0", "0:03.2", "1:02:03.4"]
    assert [counted(n, "face") for n in (0, 1, 2)] == ["0 faces", "1 face", "2 faces"]
    assert counted(2, "more person", "more people") == "2 more people"
    assert counted(1, "more person", "more people") == "1 more person"
    assert [rough_duration(s) for s in (0.2, 8.4, 200)] == ["about 1 s", "about 8 s", "about 3 min"]


def test_captions_never_speak_of_feelings() -> None:
    assert photo_caption([]) == "No face found."
    many = photo_caption([face(happy=1.0)] * 5)
    assert many.startswith("5 faces. Face 1 looks happy")
    assert "feel" not in many


@pytest.mark.parametrize(
    "name",
    ["**a**.jpg", "<img src=x>.png", ":red[x]", "[a](http://x)", "$x$", "a\nb", "`c`", "# h"],
)
def test_file_names_stay_plain_text_in_markdown(name: str) -> None:
    safe = escape_markdown(name)
    assert "\n" not in safe
    assert safe.replace("\\", "") == " ".join(name.split())
    for index, character in enumerate(safe):
        if not (character.isalnum() or character in " _\\"):
            assert safe[index - 1] == "\\"


def test_long_file_names_are_shortened() -> None:
    assert len(escape_markdown("x" * 500)) < 100


GOOD = FaceQuality(side_px=120, sharpness=0.3, turn=0.1, brightness=120, visible=1)
FLAWS: dict[str, dict[str, float]] = {
    "small": {"side_px": 31.6},
    "blurred": {"sharpness": 0.01},
    "turned": {"turn": 0.6},
    "dark": {"brightness": 20},
    "cut-off": {"visible": 0.71},
}


def test_a_good_face_has_no_notes() -> None:
    assert quality_caption(GOOD) == ""
    assert quality_notes(GOOD) == []
    assert quality_notes(replace(GOOD, turn=None)) == []


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_of_a_face_is_told(flaw: str) -> None:
    found = replace(GOOD, **FLAWS[flaw])
    assert quality_caption(found) == f"A {flaw} face: less reliable than usual."
    (note,) = quality_notes(found)
    assert flaw.replace("-", " ") in note


def test_several_flaws_are_told_together() -> None:
    found = replace(GOOD, side_px=31.6, brightness=20, visible=0.71)
    assert quality_caption(found) == "A small, dark, cut-off face: less reliable than usual."
    assert "32 pixels" in " ".join(quality_notes(found))
    assert "71% of it" in " ".join(quality_notes(found))
