"""The Photo page: one photo, many, samples, and files that are not photos."""

import csv
import io
import zipfile
from typing import Any

import numpy as np
import pillow_heif
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

import emotion
from emotion.app.analyzed_photo import analyze_image, safe_stem
from emotion.app.pages.photo import MAX_PHOTOS
from emotion.app.widgets.photo_view import faces_csv
from emotion.app.work import analyze_photo, annotated_jpeg, annotated_zip
from emotion.app.workers import tasks
from emotion.app.workers.pool import Pool
from emotion.imaging.files import encode_image
from emotion.results.rows import COLUMNS
from emotion.samples import CREDIT, SAMPLES
from tests.pages.helpers import CountedWork, html, run_page, scene

pillow_heif.register_heif_opener()


def open_page() -> AppTest:
    def script() -> None:
        from emotion.app.pages import photo

        photo.page()

    return run_page(script)


def photo_bytes(*, with_face: bool = True, kind: str = "PNG", shade: int = 60) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(scene(240, 480, with_face=with_face, shade=shade)).save(buffer, kind)
    return buffer.getvalue()


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    page.file_uploader[0].set_value([(n, d, "application/octet-stream") for n, d in files]).run()
    return page


def images(page: AppTest) -> int:
    return html(page).count('class="photo"')


def test_the_start_page_says_what_to_do_and_asks_for_no_camera(counted: CountedWork) -> None:
    page = open_page()
    assert not page.exception
    assert "emotion-bars" not in html(page)
    assert [button.label for button in page.button] == [sample.label for sample in SAMPLES]
    assert "public domain" in html(page)
    assert not page.get("camera_input")
    assert counted.calls == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF"])
def test_a_photo_of_every_kind_shows_its_face(kind: str, counted: CountedWork) -> None:
    page = upload(open_page(), (f"a.{kind.lower()}", photo_bytes(kind=kind)))
    assert not page.exception
    assert not page.error
    assert html(page).count('class="emotion-bars"') == 1
    assert "Face 1 looks happy, " in html(page)
    assert 'data-face="1"' in html(page)
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Download picture", "Download table (CSV)"]


def test_a_very_large_photo_is_analysed_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTION_MAX_MEGAPIXELS", "0.03")  # the photo has 0.115
    data = photo_bytes(kind="JPEG")
    assert emotion.read_photo(data).image.shape == (120, 240, 3)
    photo = analyze_image(emotion.read_photo(data), tasks.analyzer())
    assert (photo.width, photo.height) == (480, 240)
    rows = list(csv.DictReader(io.StringIO(faces_csv([("a.jpg", photo)]).decode("utf-8-sig"))))
    monkeypatch.delenv("EMOTION_MAX_MEGAPIXELS")
    whole = analyze_image(emotion.read_photo(data), tasks.analyzer())
    assert photo.faces[0].xyxy == pytest.approx(whole.faces[0].xyxy, abs=5)
    assert float(rows[0]["x2"]) == pytest.approx(float(whole.faces[0].xyxy[2]), abs=5)


def test_phones_offer_their_photos_and_camera() -> None:
    assert "image/*" in open_page().file_uploader[0].proto.type


def test_a_rerun_analyses_nothing_again(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()))
    page.run().run()
    assert counted.calls == 1
    upload(page, ("a.png", photo_bytes()), ("b.png", photo_bytes(shade=80)))
    assert counted.calls == 2


def test_photos_that_are_no_longer_shown_are_deleted(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()))
    assert len(page.session_state["photo:results:Upload"]) == 1
    page.file_uploader[0].set_value([]).run()
    assert "photo:results:Upload" not in page.session_state
    assert "emotion-bars" not in html(page)


def test_a_photo_without_a_face_gets_a_friendly_message(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes(with_face=False)))
    assert not page.exception
    assert not page.error
    assert "No face was found" in page.info[0].value


BROKEN = {
    "empty": b"",
    "text": b"just a note, not a picture at all",
    "cut": photo_bytes(kind="JPEG")[:400],
    "cut png": photo_bytes()[: len(photo_bytes()) // 2],
    "noise": np.random.default_rng(1).integers(0, 256, 9999, dtype=np.uint8).tobytes(),
    "zeros": b"\0" * 5000,
}


@pytest.mark.parametrize(
    ("name", "data"),
    [*((f"{kind}.jpg", data) for kind, data in BROKEN.items())]
    + [(name, BROKEN["text"]) for name in ("notes.txt", "noending", "<b>**x**</b>:red[y].png")],
)
def test_a_file_that_is_no_photo_gets_one_message(
    name: str, data: bytes, counted: CountedWork
) -> None:
    page = upload(open_page(), (name, data))
    assert not page.exception
    assert len(page.error) == 1
    text = page.error[0].value
    assert text.startswith("**")
    assert text.endswith(".")
    assert "Traceback" not in text
    assert "<b>" not in text
    assert counted.calls == 0
    upload(page, ("good.png", photo_bytes()))
    assert not page.error
    assert "emotion-bars" in html(page)


def test_a_picture_beyond_the_pixel_limit_gets_one_message(counted: CountedWork) -> None:
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    page = upload(open_page(), ("huge.png", buffer.getvalue()))
    assert not page.exception
    assert len(page.error) == 1
    assert "too large" in page.error[0].value


def test_among_many_one_broken_file_stops_nothing(counted: CountedWork) -> None:
    page = upload(
        open_page(),
        ("a.png", photo_bytes()),
        ("broken.jpg", b"nothing"),
        ("empty room.png", photo_bytes(with_face=False)),
        ("b.png", photo_bytes(shade=90)),
    )
    assert not page.exception
    assert len(page.error) == 1
    assert "broken" in page.error[0].value
    assert html(page).count('class="emotion-bars"') == 2
    assert images(page) == 3
    (table,) = page.dataframe
    assert list(table.value["Photo"]) == ["a.png", "broken.jpg", "empty room.png", "b.png"]
    assert list(table.value["Face"]) == ["1", "", "", "1"]
    assert list(table.value["Apparent expression"])[1:3] == ["Unreadable", "No face found"]
    assert page.header[0].value == ("Summary: 2 faces in 4 photos, 1 without a face, 1 unreadable")
    labels = [button.proto.label for button in page.get("download_button")]
    assert "Download all as one table (CSV)" in labels
    assert "Download all pictures (ZIP)" in labels


def test_more_photos_than_the_limit_are_named(counted: CountedWork) -> None:
    page = upload(open_page(), *[(f"{i}.png", photo_bytes()) for i in range(MAX_PHOTOS + 2)])
    assert not page.exception
    assert f"first {MAX_PHOTOS} of {MAX_PHOTOS + 2}" in page.info[-1].value
    assert counted.calls == 1, "equal bytes are analysed once"


def test_of_many_photos_each_is_a_row_that_opens(counted: CountedWork) -> None:
    page = upload(open_page(), *[(f"{i}.png", photo_bytes(shade=i)) for i in range(5)])
    assert not page.exception
    assert counted.calls == 5
    assert "emotion-bars" not in html(page)
    rows = [row.label for row in page.expander]
    assert len(rows) == 5
    assert rows[1].startswith("**1\\.png** · Face 1 looks happy, ")
    assert page.header[0].value == "Summary: 5 faces in 5 photos"


def other_source(page: AppTest, source: str) -> AppTest:
    group: Any = page.get("button_group")[0]
    group.set_value(source).run()
    assert not page.exception
    return page


def test_photos_stay_while_another_source_is_shown(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()))
    before = html(page)
    other_source(page, "Samples")
    assert "Face 1" not in html(page)
    other_source(page, "Upload")
    assert html(page) == before
    upload(page, ("b.png", photo_bytes(shade=90)))
    assert counted.calls == 2
    assert html(page).count('class="emotion-bars"') == 2


def test_a_link_opens_a_sample_or_a_source(counted: CountedWork) -> None:
    def script() -> None:
        from emotion.app.pages import photo

        photo.page()

    page = AppTest.from_function(script, default_timeout=60)
    page.query_params["sample"] = "pair"
    page.run()
    assert not page.exception
    assert html(page).count('class="emotion-bars"') == 2
    other_source(page, "Upload")
    assert "sample" not in page.query_params
    next(button for button in page.button if button.label == SAMPLES[0].label).click().run()
    assert page.query_params["sample"] == SAMPLES[0].name
    unknown = AppTest.from_function(script, default_timeout=60)
    unknown.query_params["source"] = "<script>"
    assert not unknown.run().exception
    assert unknown.file_uploader


def test_clear_forgets_at_once(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()))
    next(button for button in page.button if button.label == "Clear").click().run()
    assert not page.exception
    assert "emotion-bars" not in html(page)
    assert "photo:results:Upload" not in page.session_state
    assert not page.session_state["photo:uploads"].current
    upload(page, ("a.png", photo_bytes()))
    assert counted.calls == 2


def test_one_of_the_photos_can_be_removed(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()), ("b.png", photo_bytes(shade=90)))
    next(button for button in page.button if button.label == "Remove").click().run()
    assert not page.exception
    assert [file.name for file in page.session_state["photo:uploads"].earlier] == ["b.png"]
    assert html(page).count('class="emotion-bars"') == 1
    assert counted.calls == 2


def test_an_interrupted_run_keeps_the_photos_it_analysed(
    counted: CountedWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Pool.task

    def stopped_at_the_third(*given: Any) -> Any:
        if counted.calls == 2:
            monkeypatch.setattr(Pool, "task", real)
            st.stop()
        return real(*given)

    monkeypatch.setattr(Pool, "task", stopped_at_the_third)
    page = upload(open_page(), *[(f"{i}.png", photo_bytes(shade=i)) for i in range(4)])
    assert counted.calls == 2
    page.run()
    assert counted.calls == 4
    assert images(page) == 4


@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_a_sample_shows_a_result_with_one_click(index: int, counted: CountedWork) -> None:
    page = open_page()
    page.button[index].click().run()
    assert not page.exception
    assert images(page) == 1
    assert counted.calls == 1
    assert "public domain" in html(page)


def test_the_samples_faces_are_all_found() -> None:
    page = open_page()
    for sample, faces in zip(SAMPLES, (1, 1, 2), strict=True):
        next(button for button in page.button if button.label == sample.label).click().run()
        assert not page.exception
        assert html(page).count('class="emotion-bars"') == faces, sample.label


def test_the_samples_show_the_expressions_that_the_page_names() -> None:
    analyzer = emotion.load_analyzer()
    faces = [f for s in SAMPLES for f in analyzer.analyze(emotion.read_image(s.read()))]
    assert {face.label for face in faces} == {"happy", "neutral"}
    assert "happy and neutral" in CREDIT


def test_the_downloads_hold_picture_and_table(counted: CountedWork) -> None:
    photo = analyze_photo(photo_bytes())
    with Image.open(io.BytesIO(annotated_jpeg(photo))) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (480, 240)
        x1, _, x2, y2 = (int(v) for v in photo.faces[0].xyxy)
        edge = np.asarray(picture.convert("RGB"), int)[y2 - 3 : y2 + 2, (x1 + x2) // 2]
        assert (edge[:, 2] > edge[:, 0] + 60).any(), "the box of face 1 is blue"
    table = faces_csv([("á, b.png", photo)])
    assert table.startswith(b"\xef\xbb\xbfsource,"), "or a spreadsheet garbles the name"
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["source"], rows[0]["label"], rows[0]["face"]) == ("á, b.png", "happy", "1")
    assert float(rows[0]["x1"]) == pytest.approx(float(photo.faces[0].xyxy[0]), abs=0.06)
    with zipfile.ZipFile(io.BytesIO(annotated_zip([("a.png", photo), ("a.png", photo)]))) as packed:
        assert packed.namelist() == ["01-a-faces.jpg", "02-a-faces.jpg"]


def test_a_large_photo_is_shown_smaller_and_kept_whole(counted: CountedWork) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene(3000, 4000)).save(buffer, "JPEG")
    photo = analyze_photo(buffer.getvalue())
    assert (photo.width, photo.height) == (4000, 3000)
    with Image.open(io.BytesIO(photo.preview)) as picture:
        assert picture.size == (1600, 1200)
        x1, _, x2, y2 = (int(v * 0.4) for v in photo.faces[0].xyxy)
        edge = np.asarray(picture.convert("RGB"), int)[y2 - 8 : y2 + 8, (x1 + x2) // 2]
        assert (edge[:, 2] > edge[:, 0] + 60).any(), "the box was scaled with the picture"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.jpg", "a"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.png", "y"), ("...", "photo"),
        ("a b<c>.d.png", "a-b-c-d"), ("", "photo"), (".hidden", "hidden"),
    ],
)  # fmt: skip
def test_names_of_downloads_are_harmless(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_the_answer_for_a_face_is_explained_on_demand(counted: CountedWork) -> None:
    page = upload(open_page(), ("a.png", photo_bytes()))
    assert 'class="explanation"' not in html(page)
    pills: Any = page.get("button_group")[-1]
    assert pills.label == "Why this answer?"
    pills.set_value("Face 1").run()
    assert not page.exception
    shown = html(page)
    assert shown.count("<figure>") == 2
    assert "<strong>Happy, " in shown
    assert "Strongest around the mouth; covering that alone changes little." in shown
    assert "test faces that the model never saw in training" in shown
    assert counted.calls == 1
    page.run()
    assert html(page) == shown


def test_a_spoiled_face_is_noted() -> None:
    pixels = scene(240, 480) // 6
    photo = analyze_photo(encode_image(pixels, suffix=".png"))
    assert [view.quality.is_dark for view in photo.views] == [True]
