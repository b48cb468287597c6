"""Results as English text."""

import numpy as np
import pytest

from emotion.app.captions import (
    ADJECTIVES,
    counted,
    escape_markdown,
    expression_caption,
    face_caption,
    photo_caption,
    rough_duration,
    timecode,
)
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
