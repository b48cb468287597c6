"""The analysis of a clip: stopping, continuing, the section, tables, annotated video, report."""

import csv
import io
import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from emotion.app.pages.video import progress_text
from emotion.app.table_formats import TABLE_FORMATS, table_bytes
from emotion.app.video_job import VideoJob
from emotion.app.video_report import report_html
from emotion.app.workers import tasks
from emotion.video.reader import read_frames
from tests.pages.helpers import CountedWork, clip_bytes


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


def test_the_progress_has_a_time_from_the_first_frame_on() -> None:
    work = job()
    run = work.take()
    assert progress_text(work) == "Starting …"
    while not len(work.recording):
        assert work.step(run)
    assert progress_text(work).startswith("0.0 of 3.0 s")
    work.stop()
