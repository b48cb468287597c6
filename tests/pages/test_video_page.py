"""The Video page: a clip from upload to chart, stopping, and files that are not clips."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.clips import encode, sound_only, streamed
from tests.pages.helpers import CountedWork, clip_bytes, html, run_page
from tests.pages.test_video_job import job


def open_page() -> AppTest:
    def script() -> None:
        from emotion.app.pages import video

        video.page()

    return run_page(script)


def upload(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].set_value((name, data, "application/octet-stream")).run()
    return page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    return page


def charts(page: AppTest) -> int:
    return len(page.get("vega_lite_chart"))


def test_landing_says_what_to_do(counted: CountedWork) -> None:
    page = open_page()
    assert not page.exception
    assert [button.label for button in page.button] == ["Sample clip"]
    assert "clip" in html(page)


def test_the_sample_clip_is_analysed_with_one_click(counted: CountedWork) -> None:
    page = press(open_page(), "Sample clip")
    assert not page.exception
    assert not page.error
    assert counted.calls == 45, "5 fps for nine seconds"
    assert charts(page) == 1
    assert "still photographs" in html(page)
    press(page, "Close sample")
    assert [button.label for button in page.button] == ["Sample clip"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "noending"])
def test_a_clip_results_in_summary_bars_chart_and_table(name: str, counted: CountedWork) -> None:
    container = {"mkv": "matroska", "avi": "avi"}.get(name.rpartition(".")[2], "mp4")
    page = upload(open_page(), name, clip_bytes(container=container))
    assert not page.exception
    assert counted.calls == 0, "nothing runs before it is asked for"
    press(page, "Analyse")
    assert not page.exception
    assert not page.error
    assert counted.calls == 15, "5 fps for 3 s"
    assert charts(page) == 1
    assert html(page).count('class="emotion-bars"') == 2, "of the clip and of its one person"
    assert html(page).count('class="affect"') == 1
    assert "Person 1: valence +" in html(page)
    assert "Person 1 looks happy throughout" in html(page)
    assert "15 of 15 frames" in page.markdown[0].value
    assert "happy" in page.markdown[0].value
    assert [b.proto.label for b in page.get("download_button")] == [
        "Table (CSV)",
        "Table (JSON)",
        "Table (Parquet)",
        "Annotated video (MP4)",
        "Report (HTML)",
    ]
    page.run()
    assert counted.calls == 15, "a rerun analyses nothing anew"


@pytest.mark.parametrize(
    ("name", "container", "codec", "plays"),
    [
        ("a.mp4", "mp4", "libx264", True),
        ("a.avi", "mov", "libx264", True),  # the name does not matter
        ("a.webm", "webm", "libvpx", True),
        ("a.mp4", "mp4", "mpeg4", False),
        ("a.mov", "mov", "libx265", False),
        ("a.mov", "mov", "prores_ks", False),
        ("a.mkv", "matroska", "libx264", False),
    ],
)
def test_what_browsers_do_not_play_is_shown_as_a_frame(
    name: str, container: str, codec: str, plays: bool, counted: CountedWork
) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else None
    pix_fmt = "yuv422p10le" if codec == "prores_ks" else None
    data = encode(range(5), container=container, codec=codec, options=options, pix_fmt=pix_fmt)
    page = upload(open_page(), name, data)
    assert not page.exception
    assert (len(page.get("video")), len(page.get("image"))) == ((1, 0) if plays else (0, 1))


def test_a_clip_that_states_no_duration_has_its_slider(counted: CountedWork) -> None:
    data = streamed(encode(range(40), container="webm", codec="libvpx", rate=10), "webm")
    page = upload(open_page(), "recorded.webm", data)
    assert page.slider[0].value == (0.0, pytest.approx(4.0, abs=0.11))
    page.slider[0].set_value((1.0, 2.0)).run()
    press(page, "Analyse")
    assert not page.error
    assert counted.calls == 6, "5 fps for one second, with both ends"


def test_the_rate_is_the_visitors(counted: CountedWork) -> None:
    page = upload(open_page(), "a.mp4", clip_bytes())
    page.segmented_control[0].set_value("All").run()
    press(page, "Analyse")
    assert counted.calls == 30
    rate = next(each for each in page.segmented_control if each.label.startswith("Frames"))
    rate.set_value("1").run()
    press(page, "Analyse again")
    assert counted.calls == 33


def test_no_face_in_the_clip_is_a_friendly_message(counted: CountedWork) -> None:
    page = press(upload(open_page(), "a.mp4", clip_bytes(face_from=99)), "Analyse")
    assert not page.exception
    assert not page.error
    assert "No face was found in 15 frames." in page.markdown[0].value
    assert page.info
    assert charts(page) == 0


BROKEN = {
    "empty": b"",
    "text": b"just a note, not a clip at all",
    "noise": np.random.default_rng(1).integers(0, 256, 9999, dtype=np.uint8).tobytes(),
    "cut": clip_bytes()[:600],
    "sound": sound_only(),
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_clip_gets_one_message(data: bytes, counted: CountedWork) -> None:
    page = upload(open_page(), "a.mp4" if data else "notes.txt", data)
    assert not page.exception
    assert len(page.error) == 1
    assert page.error[0].value.endswith(".")
    assert not any(button.label == "Analyse" for button in page.button)
    upload(page, "good.mp4", clip_bytes())
    assert not page.error
    assert page.button


def test_a_truncated_clip_is_analysed_as_far_as_it_goes(counted: CountedWork) -> None:
    data = clip_bytes(90, container="matroska")
    page = press(upload(open_page(), "a.mkv", data[: len(data) // 2]), "Analyse")
    assert not page.exception
    assert not page.error
    assert "damaged or missing" in page.warning[0].value
    assert charts(page) == 1


def test_another_clip_discards_the_first(counted: CountedWork) -> None:
    page = press(upload(open_page(), "a.mp4", clip_bytes()), "Analyse")
    upload(page, "b.mp4", clip_bytes())
    assert charts(page) == 0
    assert "video:job" not in page.session_state


def test_a_section_between_two_frames_is_reported_as_empty(counted: CountedWork) -> None:
    page = upload(open_page(), "clip.mp4", clip_bytes())
    page.slider[0].set_value((1.05, 1.05)).run()
    press(page, "Analyse")
    assert any("has no frames" in info.value for info in page.info)
    assert not any("looks towards the camera" in info.value for info in page.info)


def test_a_moment_goes_to_its_time_and_stands_for_the_person_chosen(counted: CountedWork) -> None:
    page = press(upload(open_page(), "a.mp4", clip_bytes(face_from=12)), "Analyse")
    labels = [button.label for button in page.button]
    assert "**0:01.2** Person 1 appears, looks happy" in labels
    (peak,) = (button for button in page.button if "looks most happy" in button.label)
    peak.click().run()
    assert not page.exception
    moment = page.session_state["video:moment"]
    assert 1.2 <= moment.time_s <= 2.8
    assert moment.count == 1
    assert not page.get("imgs"), "the video is there, and goes to it"
    assert counted.calls == 15, "nothing is analysed anew"


def test_stopped_before_the_first_frame_no_face_is_denied(counted: CountedWork) -> None:
    page = upload(open_page(), "a.mp4", clip_bytes())
    work = job()
    work.file_id = page.session_state["video:facts"][0]
    work.stop()
    page.session_state["video:job"] = work
    page.run()
    assert [info.value for info in page.info] == [
        "Stopped before the first frame was analysed; Analyse again starts over."
    ]
    assert not any("No face" in text.value for text in page.markdown)
