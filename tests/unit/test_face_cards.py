"""Face cards and the other templates: what they show, and that nothing breaks out of them."""

import numpy as np
import pytest
from markupsafe import Markup

from emotion.app.analyzed_photo import AnalyzedPhoto
from emotion.app.face_view import FaceView
from emotion.app.templating import render
from emotion.app.widgets.face_cards import FaceCard, face_cards_html, face_rows_html, photo_cards
from emotion.app.widgets.person_cards import person_card
from emotion.app.widgets.photo_picture import photo_picture_html
from emotion.expression.quality import FaceQuality
from emotion.imaging.annotation import face_color
from emotion.types import Face
from emotion.video.people import Person
from tests.unit.test_bars import Parsed, probabilities

ATTACK = '"><script>alert(1)</script>'


def face(side: float) -> Face:
    box = np.array([10, 10, 10 + side, 10 + side], np.float32)
    return Face(xyxy=box, score=1.0, probabilities=probabilities(happy=0.9, sad=0.1))


def view(side: float) -> FaceView:
    quality = FaceQuality(side_px=side, sharpness=0.3, turn=0.1, brightness=120, visible=1)
    crop = np.zeros((8, 8, 3), np.uint8)
    return FaceView(crop=crop, picture=b"", landmarks=None, quality=quality)


def cards_of(html: str) -> list[dict[str, str | None]]:
    return [attrs for tag, attrs in Parsed(html).tags if tag == "article"]


def test_no_faces_are_an_empty_grid() -> None:
    assert face_cards_html([]) == '<div class="face-cards"></div>'
    assert photo_cards([], [], []) == []


def test_the_cards_of_a_photo_are_numbered_and_coloured() -> None:
    faces, views = [face(90), face(20)], [view(90), view(20)]
    html = face_cards_html(photo_cards(faces, ["data:a", "data:b"], views))
    cards = cards_of(html)
    assert [card["data-face"] for card in cards] == ["1", "2"]
    assert [card["style"] for card in cards] == [
        f"--face:rgb({','.join(map(str, face_color(index)))})" for index in (0, 1)
    ]
    images = [attrs for tag, attrs in Parsed(html).tags if tag == "img"]
    assert [(image["src"], image["alt"]) for image in images] == [
        ("data:a", "Face 1"),
        ("data:b", "Face 2"),
    ]
    assert Parsed(html).text.count("Face 1 looks happy, 90%") == 1
    assert Parsed(html).text.count("A small face: less reliable than usual.") == 1


def test_many_faces_are_rows_that_open() -> None:
    faces, views = [face(90), face(20)], [view(90), view(20)]
    parsed = Parsed(face_rows_html(photo_cards(faces, ["data:a", "data:b"], views)))
    rows = [attrs for tag, attrs in parsed.tags if tag == "details"]
    assert [row["data-face"] for row in rows] == ["1", "2"]
    assert not any("open" in row for row in rows)
    assert parsed.text.count("Face 2 looks happy, 90%") == 1
    assert sum(tag == "ul" for tag, _ in parsed.tags) == 2


def test_each_face_in_the_picture_says_its_answer() -> None:
    photo = AnalyzedPhoto(
        data=b"",
        width=4000,
        height=1000,
        faces=(face(90), face(3000)),
        preview=b"jpeg",
        thumbnails=("", ""),
        views=(view(90), view(20)),
    )
    parsed = Parsed(photo_picture_html(photo))
    spots = [attrs for tag, attrs in parsed.tags if tag == "button"]
    assert spots[0]["style"] == "left:0.25%;top:1.00%;width:2.25%;height:9.00%"
    assert [("photo-face-right" in (spot["class"] or "")) for spot in spots] == [False, False]
    assert spots[1]["data-answer"] == "Face 2 looks happy, 90%"
    assert "2 faces · 4000 × 1000 pixels" in parsed.text
    (figure,) = (attrs for tag, attrs in parsed.tags if tag == "figure")
    assert figure["style"] == "--ratio:4.0;--width:1600"


def test_a_person_has_the_same_card() -> None:
    person = Person(3, 1.0, 62.5, 40, probabilities(sad=0.75, happy=0.25))
    (card,) = cards_of(face_cards_html([person_card(person, "")]))
    assert card["data-person"] == "3"
    html = face_cards_html([person_card(person, "")])
    assert "<img" not in html
    assert "Person 3 mostly looks sad, 75%" in html
    assert "In view from 0:01.0 to 1:02.5, 40 frames" in html
    assert html.count('class="emotion-bar') == 1 + 7 * 3, "the list, and three for each row"


def test_nothing_breaks_out_of_a_card() -> None:
    card = FaceCard(
        number=1,
        title=ATTACK,
        note=ATTACK,
        probabilities=probabilities(sad=1.0),
        bars_label=ATTACK,
        thumbnail=ATTACK,
    )
    parsed = Parsed(face_cards_html([card]))
    assert "script" not in [tag for tag, _ in parsed.tags]
    assert parsed.text.count(ATTACK) == 2


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("headline.html", {"title": ATTACK, "text": ATTACK}),
        ("hint.html", {"title": ATTACK, "text": ATTACK}),
        ("small_text.html", {"text": ATTACK}),
        ("table.html", {"caption": ATTACK, "titles": [ATTACK], "rows": [(ATTACK, [ATTACK])]}),
    ],
)
def test_templates_escape_text(template: str, context: dict[str, object]) -> None:
    html = render(template, **context)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert isinstance(html, Markup)
