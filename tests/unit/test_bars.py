"""The bar chart of one face in HTML."""

from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.app.widgets.bars import bars_html
from emotion.types import EMOTIONS


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
        if tag not in ("img", "input"):
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


def test_a_resting_face_is_a_mark_and_a_signed_number() -> None:
    resting = probabilities(neutral=0.9, happy=0.1)
    html = bars_html(probabilities(happy=0.72, neutral=0.28), (1, 2, 3), resting=resting)
    parsed = Parsed(html)
    happy = 3 * EMOTIONS.index("happy")
    assert parsed.text[happy : happy + 3] == ["happy", "72%", "+62"]
    neutral = 3 * EMOTIONS.index("neutral")
    assert parsed.text[neutral + 2] == "\N{MINUS SIGN}62"
    assert parsed.text[2] == "0"
    assert "left:10.0%" in html
    assert "left:90.0%" in html


def test_a_title_cannot_break_out() -> None:
    title = '"><script>alert(1)</script>'
    parsed = Parsed(bars_html(probabilities(sad=1.0), (0, 0, 0), label=title))
    assert "script" not in [tag for tag, _ in parsed.tags]
    assert parsed.tags[0][1]["aria-label"] == title


@pytest.mark.parametrize("bad", [[], [1.0] * 6, [[1.0] * 7], [float("nan")] + [0.0] * 6])
def test_what_is_no_seven_probabilities_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 7 finite probabilities"):
        bars_html(bad, (0, 0, 0))
