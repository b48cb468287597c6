"""Long runs over many files: killed and gone on with, in several processes, with bad files."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image as PILImage

from emotion.cli.worker_pool import run_in_order
from emotion.results.rows import COLUMNS

ROOT = Path(__file__).parents[2]
WAIT_S = 240.0  # a loaded machine is no failure
LONG = 400  # frames: time enough to end a run before it is done


def start(*arguments: object) -> subprocess.Popen[str]:
    """The command line, at work; in a session of its own, so that signals reach no other."""
    return subprocess.Popen(
        [sys.executable, "-m", "emotion", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        # A suite that runs in the background was told to ignore Ctrl-C, and would hand that on.
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*arguments: object) -> tuple[int, str]:
    """Exit code and what stands on stderr."""
    process = start(*arguments)
    _, stderr = process.communicate(timeout=WAIT_S)
    return process.returncode, stderr


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Waits for something that a running command does."""
    end_s = time.monotonic() + WAIT_S
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end_s
        time.sleep(0.005)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def some_photos(folder: Path, picture: np.ndarray, count: int) -> Path:
    """A folder of photos with a face, one without any, one damaged; an empty folder in it."""
    (folder / "sub").mkdir(parents=True)
    for index in range(count):
        moved = np.roll(picture, 7 * index, axis=1)
        PILImage.fromarray(moved).save(folder / f"{index}.jpg")
    PILImage.new("RGB", (90, 70), "gray").save(folder / "1-none.png")
    (folder / "2-broken.jpg").write_bytes((folder / "2.jpg").read_bytes()[:4000])
    return folder


@pytest.fixture
def photos(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """Six photos with a face, one without any, one damaged; in two folders."""
    folder = some_photos(tmp_path / "photos", astronaut, 6)
    (folder / "5.jpg").rename(folder / "sub" / "5.jpg")
    return folder


def block(path: Path) -> bytes:
    """Puts a pipe in the photo's place: whoever reads it waits. The photo's bytes."""
    data = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    return data


def unblock(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def children(pid: int) -> list[int]:
    found = []
    with suppress(OSError):  # a thread that has just ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def reader_of(path: Path, pids: list[int]) -> int | None:
    """The process that has the file open."""
    for pid in pids:
        with suppress(OSError):  # a process that has just ended
            for link in Path(f"/proc/{pid}/fd").iterdir():
                if link.exists() and link.resolve() == path.resolve():
                    return pid
    return None


@pytest.mark.parametrize(
    ("suffix", "jobs"), [(".csv", 1), (".json", 1), (".parquet", 1), (".csv", 2)]
)
def test_a_killed_run_goes_on_and_yields_the_same_table(
    photos: Path, tmp_path: Path, suffix: str, jobs: int
) -> None:
    straight, out = tmp_path / f"straight{suffix}", tmp_path / f"out{suffix}"
    code, stderr = run("analyze", photos, "--out", straight)
    assert code == 1
    assert stderr.count("\n") == 2, stderr
    assert "2-broken.jpg" in stderr
    assert stderr.endswith("\nphotos: 7 done, 0 skipped, 1 failed\n")
    assert not list(tmp_path.glob("straight.*.*")), "nothing stays beside a finished table"

    data = block(photos / "3.jpg")
    process = start("analyze", photos, "--out", out, "--jobs", jobs)
    record = tmp_path / f"out{suffix}.progress"
    until(lambda: lines(record) == 6, process)  # settings, 0, 1, 1-none, 2, 2-broken
    process.kill()
    process.communicate(timeout=WAIT_S)
    unblock(photos / "3.jpg", data)
    rows = out.with_name("out.parquet.rows.jsonl") if suffix == ".parquet" else out
    with open(rows, "ab") as file:
        file.write(b"photos/3.jpg,,,,12")  # a write that the kill cut in two
    (photos / "0.jpg").write_bytes(b"")  # is finished, and must not be read again

    code, stderr = run("analyze", photos, "--out", out, "--jobs", jobs, "--resume")
    assert code == 1, stderr
    assert stderr.count("\n") == 2, stderr
    assert "2-broken.jpg" in stderr
    assert stderr.endswith("\nphotos: 7 done, 0 skipped, 1 failed\n"), "of the whole, not the rest"
    if suffix == ".parquet":
        assert pq.read_table(out).equals(pq.read_table(straight))
    else:
        assert out.read_bytes() == straight.read_bytes()

    before = out.read_bytes()
    for path in photos.rglob("*.jpg"):
        path.write_bytes(b"")
    code, stderr = run("analyze", photos, "--out", out, "--resume")
    assert (code, out.read_bytes()) == (1, before), "a finished run has nothing left to do"


def test_a_table_of_other_settings_is_not_gone_on_with(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run("analyze", photos / "0.jpg", "--out", out, "--resume")[0] == 0
    code, stderr = run("analyze", photos, "--out", out, "--resume", "--min-score", "0.9")
    assert code == 2
    assert "other settings" in stderr
    assert lines(out) == 2


def test_several_processes_give_the_same_table(photos: Path, tmp_path: Path) -> None:
    drawn = {1: tmp_path / "drawn", 3: photos / "drawn"}  # also inside the folder of inputs
    for jobs, folder in drawn.items():
        for _ in range(2 if jobs == 3 else 1):
            code, stderr = run(
                "analyze", photos, "--out", tmp_path / f"{jobs}.csv", "--jobs", jobs,
                "--annotated", folder,
            )  # fmt: skip
            assert code == 1
            assert stderr.count("\n") == 2, stderr
    assert (tmp_path / "3.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()
    one, three = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in drawn.values()
    )
    assert len(one) == 7
    assert one == three


def test_a_crashed_worker_costs_one_input(photos: Path, tmp_path: Path) -> None:
    pipe = photos / "2.jpg"
    block(pipe)
    threading.Thread(target=hold_open, args=(pipe,), daemon=True).start()
    process = start("analyze", photos, "--out", tmp_path / "out.csv", "--jobs", "2")
    until(lambda: reader_of(pipe, children(process.pid)), process)
    worker = reader_of(pipe, children(process.pid))
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    _, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1, stderr
    assert stderr.count("\n") == 3, stderr
    assert "2.jpg: The work on this file ended unexpectedly" in stderr
    with open(tmp_path / "out.csv", newline="") as file:
        names = [Path(row["source"]).name for row in csv.DictReader(file)]
    assert names == ["0.jpg", "1.jpg", "3.jpg", "4.jpg", "5.jpg"]


def test_an_error_that_nobody_foresaw_costs_one_input(caplog: pytest.LogCaptureFixture) -> None:
    def work(_: object, number: int, __: object) -> float:
        return 1 / number

    found = list(
        run_in_order(work, [2, 0, 4], lambda _: -1.0, jobs=1, choice=None, analyzer=None)  # type: ignore[arg-type]
    )
    assert found == [(2, 0.5), (0, -1.0), (4, 0.25)]
    assert "ZeroDivisionError" in caplog.text


def hold_open(pipe: Path) -> None:
    """Is the pipe's writer, so that its reader gets as far as having it open."""
    with open(pipe, "wb"):
        time.sleep(WAIT_S)


def test_workers_end_with_their_run(photos: Path, tmp_path: Path) -> None:
    block(photos / "3.jpg")
    process = start("analyze", photos, "--out", tmp_path / "out.csv", "--jobs", "2")
    until(lambda: lines(tmp_path / "out.csv") == 4, process)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.communicate(timeout=WAIT_S)
    end_s = time.monotonic() + WAIT_S
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < end_s
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def clip(path: Path, picture: np.ndarray, frames: int) -> None:
    """A clip of the picture swaying to the right."""
    small = np.ascontiguousarray(picture[::2, ::2])
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = *small.shape[:2], "yuv420p"
        for index in range(frames):
            # To and fro: the face never leaves the picture.
            moved = np.roll(small, min(index % 200, 200 - index % 200), axis=1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        out.mux(stream.encode(None))


@pytest.fixture
def clips(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """A folder: a short clip, a file that is none, and a longer clip in a folder below."""
    folder = tmp_path / "clips"
    clip(folder / "a.mp4", astronaut, 5)
    (folder / "b.mov").write_text("no clip")
    clip(folder / "sub" / "c.avi", astronaut, LONG)
    return folder


def test_a_killed_run_of_clips_goes_on_with_the_unfinished(clips: Path, tmp_path: Path) -> None:
    straight, out, films = tmp_path / "straight", tmp_path / "out", tmp_path / "films"
    code, stderr = run("video", clips, "--csv", straight, "--jobs", "2")
    assert code == 1
    assert stderr.count("\n") == 2, stderr
    assert "b.mov" in stderr
    assert sorted(str(p.relative_to(straight)) for p in straight.rglob("*.csv")) == [
        "a.mp4.csv",
        "sub/c.avi.csv",
    ]
    assert lines(straight / "sub/c.avi.csv") == LONG + 1

    process = start("video", clips, "--csv", out, "--out", films)
    until(lambda: lines(out / "sub/c.avi.csv") > 10, process)
    process.kill()
    process.communicate(timeout=WAIT_S)
    killed = (out / "sub/c.avi.csv").read_text()
    assert 10 < killed.count("\n") < LONG + 1
    assert killed.endswith("\n")
    assert all(line.count(",") == len(COLUMNS) - 1 for line in killed.splitlines())
    assert [p.name for p in films.rglob("*.mp4")] == ["a.mp4.mp4"]
    finished = (films / "a.mp4.mp4").stat().st_mtime_ns

    code, stderr = run("video", clips, "--csv", out, "--out", films, "--resume")
    assert code == 1
    assert stderr.count("\n") == 2, stderr
    assert (films / "a.mp4.mp4").stat().st_mtime_ns == finished
    for name in ("a.mp4.csv", "sub/c.avi.csv"):
        assert (out / name).read_bytes() == (straight / name).read_bytes()
    with av.open(str(films / "sub" / "c.avi.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == LONG
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_clip_keeps_what_is_done(clips: Path, tmp_path: Path, jobs: int) -> None:
    folder = clips / "sub"
    out, films = tmp_path / "out", tmp_path / "films"
    process = start("video", folder, "--csv", out, "--out", films, "--jobs", jobs)
    until(lambda: lines(out / "c.avi.csv") > 5, process)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: every process of the terminal
    _, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    rows = lines(out / "c.avi.csv") - 1
    with av.open(str(films / "c.avi.mp4")) as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert abs(rows - frames) <= 1
    assert frames < LONG


@pytest.mark.parametrize(
    "arguments",
    [
        ["video", "a.mp4", "b.mp4", "--csv", "x.csv"],
        ["video", "a.mp4", "b.mp4", "--out", "x.mp4"],
        ["video", "emotion", "--csv", "emotion"],
        ["video", "a.mp4", "--csv", "x.doc"],
        ["analyze", "a.jpg", "--resume"],
        ["analyze", "a.jpg", "--jobs", "0"],
    ],
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    code, stderr = run(*arguments)
    assert code == 2
    assert "Traceback" not in stderr
    assert stderr
