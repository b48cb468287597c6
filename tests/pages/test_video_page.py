"""The Video page: a clip from upload to chart, stopping, and files that are not clips."""

import csv
import io
import itertools
import json
import re

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from emotion.app.pages.video import progress_text
from emotion.app.pages.video_results import clip_points
from emotion.app.table_formats import TABLE_FORMATS, table_bytes
from emotion.app.video_job import VideoJob
from emotion.app.video_report import report_html
from emotion.app.widgets.timeline import (
    expression_shares,
    over_time,
    summary,
    timeline_chart,
    timeline_rows,
)
from emotion.app.widgets.timeline_table import timeline_table_html
from emotion.app.workers import tasks
from emotion.results.frames import FrameResult
from emotion.types import EMOTIONS
from emotion.video.people import people_of
from emotion.video.reader import read_frames
from emotion.video.track_store import TrackStore
from tests.clips import encode, sound_only, streamed
from tests.pages.helpers import CountedWork, html, run_page, scene
from tests.unit.test_video_render import face


def open_page() -> AppTest:
    def script() -> None:
        from emotion.app.pages import video

        video.page()

    return run_page(script)


def clip_bytes(count: int = 30, *, container: str = "mp4", face_from: int = 0) -> bytes:
    """A clip of 10 fps, with a face from the given frame on."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.bit_rate = 4_000_000
        stream.width, stream.height, stream.pix_fmt = 320, 160, "yuv420p"
        for index in range(count):
            pixels = scene(160, 320, with_face=index >= face_from)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()


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


def job(data: bytes | None = None) -> VideoJob:
    return started(data or clip_bytes())


def started(
    data: bytes, rate_hz: float | None = None, start_s: float = 0.0, end_s: float | None = None
) -> VideoJob:
    info = tasks.clip_facts(data).info
    return VideoJob("id", data, info, rate_hz=rate_hz, start_s=start_s, end_s=end_s)


def test_stopping_keeps_what_is_done() -> None:
    work = job()
    run = work.take()
    while len(work.recording) < 7:
        assert work.step(run)
    assert 0.1 < work.fraction < 0.3
    work.stop()
    assert not work.step(run)
    assert (work.state, len(work.recording)) == ("stopped", 7)
    work.stop()
    assert work.state == "stopped"


def test_stopping_kills_the_worker_also_while_a_late_section_is_reached() -> None:
    work = started(clip_bytes(600), start_s=59.0)
    run = work.take()
    while work._task.worker is None:
        assert work.step(run)
    process = work._task.worker
    work.stop()
    assert not process.alive
    done = len(work.recording)
    assert not work.step(run)
    assert (work.state, len(work.recording), work.annotated_video) == ("stopped", done, None)
    assert not work.damaged


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


def test_a_later_run_continues_where_the_last_one_was() -> None:
    work = job()
    first = work.take()
    while not len(work.recording):
        assert work.step(first)
    second = work.take()
    assert not work.step(first), "the run that was replaced does no more"
    while work.step(second):
        pass
    assert work.state == "done"
    assert np.allclose(work.recording.times, np.arange(30) / 10, atol=0.001)
    assert work.fraction == pytest.approx(1.0, abs=0.05)


def test_the_table_has_one_row_for_each_face_of_each_frame() -> None:
    work = job(clip_bytes(face_from=20))
    run = work.take()
    while work.step(run):
        pass
    table = table_bytes(work.recording.rows("a.mp4"), TABLE_FORMATS[0]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [int(row["frame"]) for row in rows] == list(range(20, 30))
    assert float(rows[0]["time_s"]) == pytest.approx(2.0)
    assert {(row["track"], row["face"]) for row in rows} == {("1", "1")}


def result(index: int, *tops: str) -> FrameResult:
    faces = [face(number, 0, top) for number, top in enumerate(tops, 1)]
    return FrameResult(index, index / 10, tuple(faces))


def record(*results: FrameResult) -> TrackStore:
    kept = TrackStore()
    for each in results:
        kept.add(each)
    return kept


def chart_rows(kept: TrackStore) -> list[dict[str, float | int | str]]:
    return timeline_rows(*over_time(kept), kept.step_s)


def test_the_timeline_leaves_gaps_and_fills_the_height() -> None:
    kept = record(*(result(i, *(() if 4 <= i < 9 else ("sad",))) for i in range(12)))
    rows = chart_rows(kept)
    assert sorted({(row["time_s"], row["run"]) for row in rows}) == [
        (i / 10, int(i >= 9)) for i in range(12) if not 4 <= i < 9
    ]
    for time_s in {row["time_s"] for row in rows}:
        bands = sorted((row["low"], row["high"]) for row in rows if row["time_s"] == time_s)
        assert bands[0][0] == 0.0
        assert bands[-1][1] == pytest.approx(1.0, abs=1e-3)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(bands))
    assert chart_rows(record(result(0))) == []


def test_a_long_clip_is_thinned() -> None:
    rows = chart_rows(record(*(result(i, "sad") for i in range(9000))))
    assert 3000 < len(rows) <= 7 * 600


def test_one_persons_timeline_is_its_own() -> None:
    kept = record(*(result(i, "sad", *(("happy",) if i > 4 else ())) for i in range(9)))
    sad, happy = EMOTIONS.index("sad"), EMOTIONS.index("happy")
    times, probabilities = over_time(kept, 2)
    assert np.allclose(times, np.arange(5, 9) / 10)
    assert probabilities[:, happy] == pytest.approx(0.7)
    _, mean = over_time(kept)
    assert mean[0, sad] == pytest.approx(0.7)
    assert mean[-1, sad] == pytest.approx((0.7 + 0.05) / 2)


def test_the_chart_is_a_table_too() -> None:
    kept = record(*(result(i, "sad", "happy") if i < 5 else result(i) for i in range(9)))
    text = timeline_table_html(kept)
    assert text.count("<tr>") == 1 + 5, "no row where there is no face"
    assert [f"<th>{name}</th>" in text for name in EMOTIONS] == [True] * 7
    assert "<th>0:00.4</th>" in text
    assert text.count("<td>38%</td>") == 2 * 5, "the mean of 70% and 5%"
    assert timeline_table_html(kept, 1).count("<td>70%</td>") == 5
    long = timeline_table_html(record(*(result(i, "sad") for i in range(5000))))
    assert 55 <= long.count("<tr>") <= 62


def test_each_person_has_a_point_at_the_mean_and_a_path() -> None:
    kept = record(*(result(i, "sad", *(("happy",) if i > 4 else ())) for i in range(9)))
    found = clip_points(kept, people_of(kept))
    assert [(point.name, point.number, len(point.path)) for point in found] == [
        ("Person 1", 1, 9),
        ("Person 2", 2, 4),
    ]
    assert found[1].probabilities[EMOTIONS.index("happy")] == pytest.approx(0.7)


@pytest.mark.parametrize("lines", [False, True])
def test_the_chart_can_be_clicked_and_leaves_the_wheel_to_the_page(lines: bool) -> None:
    kept = record(*(result(i, "sad") for i in range(9)))
    spec = timeline_chart(kept, lines=lines).to_dict()
    names = {param["name"]: param["select"]["type"] for param in spec["params"]}
    assert names == {"pointed": "point", "moment": "point"}
    assert not any(param.get("bind") for param in spec["params"])
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0.0, 0.8], "the clip's ends"


def test_shares_and_summary_say_the_same() -> None:
    kept = record(result(0, "sad", "happy"), result(1, "sad"), result(2), result(3, "sad"))
    shares = expression_shares(kept)
    assert shares is not None
    assert dict(zip(EMOTIONS, shares.tolist(), strict=True))["sad"] == pytest.approx(0.75)
    text = summary(kept)
    assert "3 of 4 frames, at most 2 at once" in text
    assert "Person 1 looks sad throughout; Person 2 looks happy throughout." in text
    assert "It looks sad throughout." in summary(record(result(0, "sad")))
    assert expression_shares(record(result(0))) is None


def finished(data: bytes | None = None) -> VideoJob:
    work = job(data)
    run = work.take()
    while work.step(run):
        pass
    assert work.state == "done", work.problem
    return work


def test_the_annotated_video_has_every_frame_and_the_tables_the_same_rows(
    counted: CountedWork,
) -> None:
    work = finished()
    assert work.annotated_video is not None
    frames = list(read_frames(io.BytesIO(work.annotated_video)))
    assert len(frames) == 30
    as_csv, as_json, as_parquet = (
        table_bytes(work.recording.rows("a.mp4"), kind) for kind in TABLE_FORMATS
    )
    assert as_csv.startswith(b"\xef\xbb\xbf"), "a spreadsheet takes it for UTF-8"
    rows = json.loads(as_json)
    assert len(rows) == 30
    assert pq.read_table(io.BytesIO(as_parquet)).to_pylist() == rows
    texts = list(csv.DictReader(io.StringIO(as_csv.decode("utf-8-sig"))))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == texts


def test_stopping_the_annotated_video_keeps_the_faces() -> None:
    work = job()
    run = work.take()
    while work.state != "drawing":
        assert work.step(run)
    assert len(work.recording) == 30
    assert 0 <= work.fraction < 0.2
    assert "Drawing" in progress_text(work)
    work.stop()
    assert (work.state, work.annotated_video) == ("done", None)
    assert "stopped" in work.video_note
    assert not work.step(run)


def test_only_the_chosen_section() -> None:
    work = started(clip_bytes(), rate_hz=5, start_s=1.0, end_s=2.0)
    run = work.take()
    while work.step(run):
        pass
    assert np.allclose(work.recording.times, [1.0, 1.2, 1.4, 1.6, 1.8, 2.0])
    assert work.annotated_video is not None
    assert len(list(read_frames(io.BytesIO(work.annotated_video)))) == 11


def test_events_are_numbered_in_time_in_the_table_and_in_the_report() -> None:
    work = finished()
    for time_s in (2.0, 1.0, 1.0):
        work.mark_event(time_s)
    assert work.events_s == [1.0, 2.0]
    events = {row["time_s"]: row["event"] for row in work.recording.rows("a.mp4", work.events_s)}
    assert [events[time_s] for time_s in (0.9, 1.0, 1.9, 2.0)] == [None, 1, 1, 2]
    assert "2 events, at 0:01.0, 0:02.0." in report_html("a.mp4", work)


def test_the_report_is_self_contained() -> None:
    work = finished()
    text = report_html("<b>mine</b>.mp4", work)
    assert "<b>mine" not in text
    assert "Person 1 looks happy throughout" in text
    assert "data:image/jpeg;base64," in text
    assert not re.search(r"(src|href)=.?(?!.?data:)[^ >]*//", text), "nothing is fetched"
    assert "<svg" in text
    assert "must not be used" in text
