"""Valence and arousal: the published places, what lies between them, and the plot."""

import re

import numpy as np
import pytest

from emotion.app.widgets.affect_plot import (
    LIVE_PATH,
    AffectPoint,
    affect_plot_html,
    live_points,
    paths_svg,
)
from emotion.expression.valence_arousal import COORDINATES, valence_arousal
from emotion.live.history import LiveHistory
from emotion.types import EMOTIONS
from tests.unit.test_bars import Parsed, probabilities
from tests.unit.test_live_history import tracked


def test_a_certain_answer_lies_where_its_word_does() -> None:
    found = valence_arousal(np.eye(7, dtype=np.float32))
    assert found.shape == (7, 2)
    np.testing.assert_allclose(found, [COORDINATES[name] for name in EMOTIONS], atol=1e-6)
    assert tuple(found[EMOTIONS.index("happy")]) == pytest.approx((0.81, 0.51))
    assert tuple(found[EMOTIONS.index("sad")]) == pytest.approx((-0.63, -0.27))
    assert tuple(found[EMOTIONS.index("neutral")]) == (0, 0)


def test_a_mixture_lies_between() -> None:
    mixed = probabilities(happy=0.5, neutral=0.25, sad=0.25)
    expected = 0.5 * np.array([0.81, 0.51]) + 0.25 * np.array([-0.63, -0.27])
    np.testing.assert_allclose(valence_arousal(mixed), expected, atol=1e-6)
    assert valence_arousal(np.empty((0, 7))).shape == (0, 2)


def point(number: int, **values: float) -> AffectPoint:
    return AffectPoint(name=f"Face {number}", number=number, probabilities=probabilities(**values))


def test_the_plot_shows_numbers_in_text_and_name() -> None:
    html = affect_plot_html([point(1, happy=1.0), point(2, sad=1.0)])
    parsed = Parsed(html)
    (plane,) = [attrs for _, attrs in parsed.tags if attrs.get("role") == "img"]
    for text in ("Face 1: valence +0.81, arousal +0.51", "Face 2: valence −0.63, arousal −0.27"):
        assert text in str(plane["aria-label"])
        assert text in parsed.text
    styles = [str(a["style"]) for tag, a in parsed.tags if tag == "b"]
    assert styles[0].startswith("left:90.5%;top:24.5%")
    assert styles[1].startswith("left:18.5%;top:63.5%")
    assert all(name in parsed.text for name in EMOTIONS)
    assert "Russell and Mehrabian (1977)" in parsed.text
    assert "The line" not in parsed.text
    assert "Face" not in Parsed(affect_plot_html([])).text


def test_nothing_of_zero_has_a_sign() -> None:
    assert "valence 0.00, arousal 0.00" in affect_plot_html([point(1, neutral=1.0)])


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (1, 0), (2, 2), (150, 150), (5000, 150)])
def test_a_path_has_a_bounded_number_of_places(count: int, drawn: int) -> None:
    path = np.linspace(probabilities(happy=1.0), probabilities(sad=1.0), count, dtype=np.float32)
    walker = AffectPoint(
        name="Face 1", number=1, probabilities=probabilities(sad=1.0), path=path.reshape(-1, 7)
    )
    found = re.findall(r'points="([^"]*)"', paths_svg([walker]))
    places = [tuple(map(float, each.split(","))) for line in found for each in line.split()]
    assert len(places) == drawn
    if drawn:
        assert all(0 <= value <= 200 for place in places for value in place)
        assert places[0][0] > 150 > 50 > places[-1][0], "from pleasant to unpleasant"
        assert places[0][1] < places[-1][1], "y grows downwards"


def test_a_live_face_has_the_path_of_its_last_seconds() -> None:
    record = LiveHistory()
    for index in range(600):  # a minute at ten frames a second, kept at five
        record.add([tracked(3, observed_s=index / 10)], index / 10)
    (found,) = live_points([tracked(3)], record)
    assert (found.name, found.number) == ("Face 3", 3)
    assert 40 <= len(found.path) <= 60
    np.testing.assert_array_equal(found.path[-1], found.probabilities)
    html = affect_plot_html([found], path_name=LIVE_PATH)
    assert "The line is the last 10 seconds." in html
    (unknown,) = live_points([tracked(4)], record)
    assert len(unknown.path) == 0
