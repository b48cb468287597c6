"""The Photo page: two photos, or one under two models, side by side."""

import gc

import pytest

import emotion
from emotion.models.spec import classifier_names
from tests.pages.helpers import CountedWork, html
from tests.pages.test_photo_page import open_page, photo_bytes, upload


def test_two_photos_stand_side_by_side(counted: CountedWork) -> None:
    page = upload(
        open_page(),
        ("a.png", photo_bytes()),
        ("wall.png", photo_bytes(with_face=False)),
        ("b.png", photo_bytes(shade=80)),
    )
    before = html(page).count('class="emotion-bars"')
    page.toggle(key="photo:compare").set_value(True).run()
    assert not page.exception
    assert html(page).count('class="emotion-bars"') == before + 2
    assert page.selectbox(key="photo:compare:First:photo").options == ["1: a.png", "2: b.png"]
    assert page.selectbox(key="photo:compare:Second:photo").value == 1, "the next photo"
    assert counted.calls == 3, "the page's own model answers once"


def test_one_photo_under_two_models(counted: CountedWork) -> None:
    own, other = classifier_names()[:2]
    page = upload(open_page(), ("a.png", photo_bytes()))
    page.toggle(key="photo:compare").set_value(True).run()
    assert not page.exception
    assert [box.value for box in page.selectbox] == [own, other]
    assert "Both give the same label to 1 of 1 face." in html(page)
    (photo,) = page.session_state["photo:results:Upload"].values()
    kept = page.session_state["photo:compared"]
    analyzer = emotion.load_analyzer(other)
    expected = analyzer.faces(emotion.read_image(photo_bytes()), photo.faces)
    assert kept[photo][other] == pytest.approx(expected[0].probabilities[None], abs=1e-5)
    assert kept[photo][other] != pytest.approx(photo.faces[0].probabilities[None], abs=1e-5)
    del photo
    page.file_uploader[0].set_value([]).run()
    gc.collect()
    assert not len(kept), "the answers go with the photo"


def test_one_photo_of_nobody_has_nothing_to_compare(counted: CountedWork) -> None:
    assert not upload(open_page(), ("a.png", photo_bytes(with_face=False))).toggle
