"""The bar chart in HTML, and results in words."""

from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.app.captions import (
    ADJECTIVES,
    counted,
    escape_markdown,
    expression_caption,
    face_caption,
    photo_caption,
    rough_duration,
)
from emotion.app.widgets.bars import bars_html
from emotion.types import EMOTIONS, Face


class Parsed(HTMLParser):
    """The tags with their attributes, and the text, of well-formed HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def probabilities(**given_values: float) -> np.ndarray:
    return np.array([given_values.get(name, 0.0) for name in EMOTIONS], np.float32)


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda v: sum(v) > 0))
def test_seven_rows_in_fixed_order_with_their_numbers(values: list[float]) -> None:
    row = np.array(values) / sum(values)
    parsed = Parsed(bars_html(row.tolist(), (1, 2, 3)))
    items = [attrs for tag, attrs in parsed.tags if tag == "li"]
    assert [attrs["data-emotion"] for attrs in items] == list(EMOTIONS)
    shown = [float(attrs["data-probability"] or "nan") for attrs in items]
    assert np.abs(np.array(shown) - row).max() <= 0.5e-4 + 1e-9
    tops = [attrs["data-emotion"] for attrs in items if "emotion-bar-top" in (attrs["class"] or "")]
    assert tops == [EMOTIONS[int(row.argmax())]]


def test_names_and_percents_are_text() -> None:
    parsed = Parsed(bars_html(probabilities(happy=0.934, neutral=0.066), (1, 2, 3)))
    assert parsed.text[::2] == list(EMOTIONS)
    assert parsed.text[2 * EMOTIONS.index("happy") + 1] == "93%"
    root, attrs = parsed.tags[0]
    assert (root, attrs["class"]) == ("ul", "emotion-bars")
    assert attrs["aria-label"]


def test_the_bar_is_as_long_as_its_probability_and_has_the_faces_color() -> None:
    html = bars_html(probabilities(sad=0.25, fear=0.75), (10, 20, 30))
    assert "width:25.0%" in html
    assert "width:75.0%" in html
    assert html.count("rgb(10,20,30)") == 7


def test_a_title_cannot_break_out() -> None:
    title = '"><script>alert(1)</script>'
    parsed = Parsed(bars_html(probabilities(sad=1.0), (0, 0, 0), label=title))
    assert "script" not in [tag for tag, _ in parsed.tags]
    assert parsed.tags[0][1]["aria-label"] == title


@pytest.mark.parametrize("bad", [[], [1.0] * 6, [[1.0] * 7], [float("nan")] + [0.0] * 6])
def test_what_is_no_seven_probabilities_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 7 finite probabilities"):
        bars_html(bad, (0, 0, 0))


def face(**values: float) -> Face:
    return Face(xyxy=np.zeros(4, np.float32), score=1.0, probabilities=probabilities(**values))


def test_captions() -> None:
    assert set(ADJECTIVES) == set(EMOTIONS)
    assert face_caption(face(happy=0.93, neutral=0.07), 1) == "Face 1 looks happy, 93%"
    unclear = {"sad": 0.41, "neutral": 0.39, "angry": 0.2}
    assert expression_caption(probabilities(**unclear)) == "unclear, sad (41%) or neutral (39%)"
    assert face_caption(face(**unclear), 2) == "Face 2: unclear, sad (41%) or neutral (39%)"


def test_counts_and_durations() -> None:
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
