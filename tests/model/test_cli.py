"""The commands of the contract, in a process of their own, on real files."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image as PILImage

from emotion.results.rows import COLUMNS
from emotion.types import EMOTIONS
from emotion.video.reader import read_frames
from tests.clips import encode

ROOT = Path(__file__).parents[2]


def emotion(
    *arguments: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One run of the command line."""
    return subprocess.run(
        [sys.executable, "-m", "emotion", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        check=False,
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a photo with one face, one below it without any, and a damaged one."""
    from skimage.data import astronaut

    folder = tmp_path_factory.mktemp("photos")
    PILImage.fromarray(astronaut()).save(folder / "one.jpg")
    (folder / "below").mkdir()
    PILImage.new("RGB", (90, 70), "gray").save(folder / "below" / "none.png")
    (folder / "below" / "broken.jpg").write_bytes((folder / "one.jpg").read_bytes()[:5000])
    (folder / "notes.txt").write_text("no photo")
    return folder


def test_a_photo_is_printed_as_csv(photos: Path) -> None:
    done = emotion("analyze", photos / "one.jpg")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 1
    row = rows[0]
    assert row["label"] == "happy"
    assert row["frame"] == row["time_s"] == row["track"] == ""
    assert sum(float(row[name]) for name in EMOTIONS) == pytest.approx(1, abs=1e-3)
    assert done.stderr == ""


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_folder_becomes_a_table_and_bad_files_are_named(
    photos: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"table{suffix}"
    done = emotion("analyze", photos, "--out", out, "--annotated", tmp_path / "drawn")
    assert done.returncode == 1
    assert "broken.jpg" in done.stderr
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
    elif suffix == ".json":
        rows = json.loads(out.read_text())
    else:
        rows = pq.read_table(out).to_pylist()
    assert [Path(row["source"]).name for row in rows] == ["one.jpg"]
    assert done.stderr.endswith("\nphotos: 2 done, 1 skipped (1 .txt), 1 failed\n")
    assert tuple(rows[0]) == COLUMNS
    drawn = np.asarray(PILImage.open(tmp_path / "drawn" / "one.jpg.png"))
    assert drawn.shape == (512, 512, 3)
    assert (tmp_path / "drawn" / "below" / "none.png.png").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["analyze"],
        ["analyze", "x.jpg", "--out", "table.doc"],
        ["analyze", "x.jpg", "--head", "other"],
        ["analyze", "x.jpg", "--min-score", "7"],
        ["video", "x.mp4"],
        ["video", "x.mp4", "--csv", "x.csv", "--fps", "0"],
        ["video", "x.mp4", "--csv", "x.csv", "--fps", "nan"],
        ["video", "x.mp4", "--out", "x.avi"],
        ["analyze", "x.jpg", "--threads", "0"],
        ["train", "--out", "m"],
    ],
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    done = emotion(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_missing_photo_and_model_are_code_1(photos: Path) -> None:
    done = emotion("analyze", photos / "gone.jpg", photos / "one.jpg")
    assert done.returncode == 1
    assert "no such file" in done.stderr
    assert "happy" in done.stdout
    done = emotion("analyze", photos / "one.jpg", "--model", "gone")
    assert done.returncode == 1
    assert "There is no model 'gone'" in done.stderr
    done = emotion("analyze", photos / "one.jpg", "--out", "/proc/none/t.csv")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_video_becomes_a_video_and_a_table(photos: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    picture = np.asarray(PILImage.open(photos / "one.jpg"))
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for shift in range(6):
            moved = np.roll(picture, shift * 4, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode(None))
    done = emotion("video", clip, "--out", tmp_path / "out.mp4", "--csv", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [int(row["frame"]) for row in rows] == [0, 1, 2, 3, 4, 5]
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    lefts = [float(row["x1"]) for row in rows]
    assert lefts[5] - lefts[0] == pytest.approx(20, abs=5)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 6
    assert frames[3].time == pytest.approx(0.3, abs=0.001)
    assert not list(tmp_path.glob("*.partial"))


def test_equal_names_and_odd_ones_lose_nothing(photos: Path, tmp_path: Path) -> None:
    for name in (b"a", b"b"):
        folder = tmp_path / name.decode()
        folder.mkdir()
        (folder / "x.jpg").write_bytes((photos / "one.jpg").read_bytes())
    odd = os.fsencode(tmp_path / "b") + b"/caf\xe9.jpg"
    Path(os.fsdecode(odd)).write_bytes((photos / "one.jpg").read_bytes())
    done = emotion(
        "analyze", tmp_path / "a", tmp_path / "b",
        "--annotated", tmp_path / "drawn", "--out", tmp_path / "new" / "t.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "drawn").iterdir()}
    assert {"x.jpg.png", "x.jpg-2.png"} < names
    assert len(names) == 3
    assert len((tmp_path / "new" / "t.csv").read_text().splitlines()) == 4


def test_a_clip_cut_short_is_named_and_kept(photos: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    picture = np.asarray(PILImage.open(photos / "one.jpg"))
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "5"})
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for shift in range(60):
            moved = np.roll(picture, shift * 3, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        container.mux(stream.encode(None))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    done = emotion("video", clip, "--csv", tmp_path / "out.csv", "--fps", "2")
    assert done.returncode == 1
    assert "damaged or missing" in done.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) > 2


def test_every_frame_is_drawn_also_where_few_are_analysed(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(encode(range(20), rate=10, sound="aac"))
    out = tmp_path / "out.mp4"
    done = emotion("video", clip, "--out", out, "--fps", "2")
    assert done.returncode == 0, done.stderr
    times = [time_s for _, time_s, _ in read_frames(out)]
    assert times == pytest.approx([i / 10 for i in range(20)], abs=0.001)
    with av.open(str(out)) as film:
        assert film.streams.audio


def test_a_clip_that_is_none_says_so(photos: Path, tmp_path: Path) -> None:
    done = emotion("video", photos / "notes.txt", "--csv", tmp_path / "out.csv")
    assert done.returncode == 1
    assert "not a video" in done.stderr
    assert "Traceback" not in done.stderr


def test_benchmark_prints_every_stage_and_writes_json(tmp_path: Path) -> None:
    done = emotion("benchmark", "--repeats", "3", "--json", tmp_path / "b.json")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "b.json").read_text())
    stages = [row["stage"] for row in result["stages"]]
    assert stages[0] == "detect"
    assert stages[-1] == "analyze, whole"
    assert all(row["median_ms"] > 0 for row in result["stages"])
    for stage in stages:
        assert stage in done.stdout
    assert result["first_result"]["peak_memory_mb"] < 250
    for live, faces in zip(result["live"], (1, 10), strict=True):
        assert live["faces"] == faces
        assert live["followed"] == pytest.approx(faces, abs=0.5)
        assert {"decode", "analysis", "encode", "frame path"} <= {
            r["stage"] for r in live["stages"]
        }
    assert "live, 10 faces" in done.stdout


def test_the_installed_command_is_the_module() -> None:
    script = Path(sys.executable).with_name("emotion")
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert "analyze" in done.stdout
    assert os.access(script, os.X_OK)
