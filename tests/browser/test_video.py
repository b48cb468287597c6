"""The Video page in a real browser: progress, a stop, the result, and every download re-read."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import FilePayload, Page, expect

from emotion.video.reader import read_frames
from tests.browser import harness
from tests.clips import tone

DONE_MS = 120_000  # far above what it takes: other work on the machine must not fail a test
RATE = 15


def two_people(seconds: float) -> bytes:
    """Collins, then Hopper after a cut, swaying; with a tone."""
    buffer = io.BytesIO()
    pictures = harness.portraits()
    count = round(seconds * RATE)
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = harness.WIDTH, harness.HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        voice = out.add_stream("aac", rate=48_000, layout="stereo")
        for index in range(count):
            x = round(40 * (1 + np.sin(index / RATE)))
            picture = pictures[2 * index // count]
            view = np.ascontiguousarray(picture[30:510, x : x + 640])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        out.mux(stream.encode(None))
        for frame in tone(seconds, 1024):
            out.mux(voice.encode(frame))
        out.mux(voice.encode(None))
    return buffer.getvalue()


def payload(seconds: float) -> FilePayload:
    return {"name": "two people.mp4", "mimeType": "video/mp4", "buffer": two_people(seconds)}


def begin(page: Page, server: harness.Server, seconds: float, rate: str) -> None:
    """Uploads a clip, chooses the rate and presses the button."""
    page.goto(f"{server.url}/video")
    page.locator('input[type="file"]').first.set_input_files(payload(seconds))
    page.get_by_role("button", name="Analyse", exact=True).wait_for(timeout=DONE_MS)
    page.get_by_role("radio", name=rate, exact=True).click()
    page.get_by_role("button", name="Analyse", exact=True).click()


def download(page: Page, label: str) -> bytes:
    """The file behind the button; the first press only prepares some of them."""
    with page.expect_download(timeout=DONE_MS) as waiting:
        page.get_by_role("button", name=label).click()
    return Path(waiting.value.path()).read_bytes()


def test_a_clip_results_in_video_people_timeline_and_files(
    sized_page: Page, server: harness.Server
) -> None:
    begin(sized_page, server, 4.0, "5")
    again = sized_page.get_by_role("button", name="Analyse again")
    expect(again).to_be_visible(timeout=DONE_MS)
    expect(sized_page.locator("[data-person]")).to_have_count(2, timeout=DONE_MS)
    assert harness.overflow_px(sized_page) == 0
    video = sized_page.locator("video")
    sized_page.wait_for_function(
        "document.querySelector('video')?.readyState >= 1", timeout=DONE_MS
    )
    assert video.evaluate("v => [v.videoWidth, v.videoHeight]") == [640, 480]
    assert video.evaluate("v => v.duration") == pytest.approx(4.0, abs=0.15)
    played = video.evaluate("async v => { v.muted = true; await v.play(); return !v.paused }")
    assert played, "H.264 that the browser decodes"

    rows = list(
        csv.DictReader(io.StringIO(download(sized_page, "Table (CSV)").decode("utf-8-sig")))
    )
    assert len(rows) == 20
    assert {row["track"] for row in rows} == {"1", "2"}
    listed = json.loads(download(sized_page, "Table (JSON)"))
    assert [row["frame"] for row in listed] == [int(row["frame"]) for row in rows]
    packed = pq.read_table(io.BytesIO(download(sized_page, "Table (Parquet)")))
    assert packed.to_pylist() == listed
    annotated = download(sized_page, "Annotated video (MP4)")
    assert len(list(read_frames(io.BytesIO(annotated)))) == 4 * RATE
    with av.open(io.BytesIO(annotated)) as opened:
        assert opened.streams.audio[0].codec_context.codec.canonical_name == "aac"
    report = download(sized_page, "Report (HTML)").decode()
    assert re.search(r"Person 2 (mostly )?looks", report)


def test_timeline_moments_and_video_are_one(page: Page, server: harness.Server) -> None:
    begin(page, server, 3.0, "5")
    expect(page.get_by_role("button", name="Analyse again")).to_be_visible(timeout=DONE_MS)
    video = page.locator(".st-key-picture-clip video")
    page.wait_for_function(
        "document.querySelector('.st-key-picture-clip video')?.readyState >= 1", timeout=DONE_MS
    )
    chart = page.locator('.st-key-timeline [data-testid="stVegaLiteChart"] svg').first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5
    page.mouse.click(x, y)
    page.wait_for_function(
        "document.querySelector('.st-key-picture-clip video').currentTime > 1.7", timeout=DONE_MS
    )
    line = page.locator(".playhead")
    expect(line).to_be_visible(timeout=DONE_MS)
    page.wait_for_function(  # one analysed frame to either side
        """([x, slack]) => Math.abs(
            document.querySelector('.playhead').getBoundingClientRect().x - x) < slack""",
        arg=[x, box["width"] / 12],
        timeout=DONE_MS,
    )

    ticks = chart.locator(".role-axis-label").first.text_content()
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(500)
    assert chart.locator(".role-axis-label").first.text_content() == ticks, (
        "the wheel zooms nothing"
    )

    page.get_by_role("button", name="Person 1 appears").click()
    page.wait_for_function(
        "document.querySelector('.st-key-picture-clip video').currentTime < 0.5", timeout=DONE_MS
    )
    assert video.evaluate("v => v.paused")


def test_a_key_marks_an_event_where_the_video_is(page: Page, server: harness.Server) -> None:
    begin(page, server, 3.0, "5")
    expect(page.get_by_role("button", name="Annotated video")).to_be_visible(timeout=DONE_MS)
    expect(page.get_by_role("button", name="Mark event")).to_be_visible(timeout=DONE_MS)
    page.wait_for_function(
        "document.querySelector('.st-key-picture-clip video')?.readyState >= 1", timeout=DONE_MS
    )
    page.locator(".st-key-picture-clip video").evaluate("v => { v.currentTime = 1.5 }")
    page.locator("h1").first.click()
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Event 1")).to_contain_text("0:01.5", timeout=DONE_MS)
    rows = list(csv.DictReader(io.StringIO(download(page, "Table (CSV)").decode("utf-8-sig"))))
    marked = {row["event"]: float(row["time_s"]) for row in reversed(rows)}
    assert set(marked) == {"", "1"}
    assert marked["1"] == pytest.approx(1.6, abs=0.15), "the first frame after the event"
    page.get_by_role("button", name="Remove events").click()
    expect(page.get_by_role("button", name="Event 1")).to_have_count(0, timeout=DONE_MS)


def test_stopping_keeps_what_is_done(page: Page, server: harness.Server) -> None:
    begin(page, server, 40.0, "All")
    progress = page.locator('[data-testid="stProgress"]')
    # The time is shown from the first analysed frame on, which has Collins's face.
    expect(progress).to_contain_text(re.compile(r"\d\.\d of 40\.\d s"), timeout=DONE_MS)
    page.get_by_role("button", name="Stop", exact=True).click(timeout=DONE_MS)
    expect(harness.shown_text(page, "Stopped; the results so far")).to_be_visible(timeout=DONE_MS)
    rows = list(csv.DictReader(io.StringIO(download(page, "Table (CSV)").decode("utf-8-sig"))))
    assert 1 <= len(rows) < 40 * RATE
    assert [int(row["frame"]) for row in rows] == list(range(len(rows)))
