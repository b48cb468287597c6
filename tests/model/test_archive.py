"""Archives on a local cluster of several processes: the same rows, also when one is killed."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
import pytest

from emotion.archive.engine import write_archive
from emotion.archive.storage import ArchiveError
from emotion.archive.worker import ArchiveSettings
from emotion.results.rows import COLUMNS
from tests.model.test_many_files import WAIT_S, block, clip, run, some_photos, start, unblock

JOBS = 2


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A cluster's address; started once, for it takes longer than the work."""
    given = os.environ.get("RAY_ADDRESS")
    if given:  # one that is there already
        yield given
        return
    import ray

    ray.init(
        "local", num_cpus=JOBS + 1, include_dashboard=False, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    address = str(ray.get_runtime_context().gcs_address)
    os.environ["RAY_ADDRESS"] = address
    yield address
    del os.environ["RAY_ADDRESS"]
    ray.shutdown()


@pytest.fixture
def photos(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """Nine photos with a face, one without any, one damaged, one whose name is no UTF-8."""
    folder = some_photos(tmp_path / "photos", astronaut, 9)
    (folder / "5.jpg").rename(folder / "sub" / os.fsdecode(b"caf\xe9.jpg"))
    return folder


def stored(out: Path) -> list[tuple[str, ...]]:
    """The data set's rows as CSV would show them, sorted."""
    if not out.exists():
        return []
    rows = ds.dataset(out, partitioning="hive").to_table().to_pylist()
    return sorted(
        tuple("" if row[name] is None else str(row[name]) for name in COLUMNS) for row in rows
    )


def listed(path: Path) -> list[tuple[str, ...]]:
    with open(path, newline="", encoding="utf-8") as file:
        return sorted(tuple(row) for row in list(csv.reader(file))[1:])


def test_the_same_rows_although_a_worker_is_killed(
    photos: Path, tmp_path: Path, cluster: str
) -> None:
    code, _ = run("analyze", photos, "--out", tmp_path / "one.csv")
    assert code == 1
    expected = listed(tmp_path / "one.csv")
    assert len(expected) == 9

    data = block(photos / "3.jpg")
    process = start("analyze", photos, "--archive", "--jobs", JOBS, "--out", tmp_path / "many")
    worker = until_read(photos / "3.jpg", process)
    unblock(photos / "3.jpg", data)
    os.kill(worker, signal.SIGKILL)
    _, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1, stderr
    assert [line for line in stderr.splitlines() if "2-broken.jpg" in line], stderr
    assert "Traceback" not in stderr
    assert stored(tmp_path / "many") == expected
    assert {path.name for path in (tmp_path / "many").iterdir()} == {
        f"label={row[COLUMNS.index('label')]}" for row in expected
    }


def test_clips(tmp_path: Path, astronaut: np.ndarray, cluster: str) -> None:
    folder = tmp_path / "clips"
    clip(folder / "a.mp4", astronaut, 12)
    clip(folder / "b.avi", astronaut[:, ::-1], 5)
    (folder / "c.mov").write_text("no clip")
    code, _ = run("video", folder, "--csv", tmp_path / "one", "--fps", "10")
    assert code == 1
    expected = [row for path in (tmp_path / "one").iterdir() for row in listed(path)]
    code, stderr = run(
        "video", folder, "--archive", "--jobs", JOBS, "--csv", tmp_path / "many", "--fps", "10"
    )
    assert code == 1
    assert "c.mov" in stderr
    assert stored(tmp_path / "many") == sorted(expected)
    assert len(expected) == 5 + 2


def test_a_file_that_ends_every_process_is_named(
    photos: Path, tmp_path: Path, cluster: str
) -> None:
    fatal = photos / "3.jpg"
    block(fatal)
    process = start("analyze", photos, "--archive", "--jobs", JOBS, "--out", tmp_path / "many")
    end_s = time.monotonic() + WAIT_S
    while process.poll() is None:
        assert time.monotonic() < end_s
        worker = reader(fatal)
        if worker:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        time.sleep(0.02)
    _, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert "3.jpg: Every process that worked on this file ended unexpectedly" in stderr
    sources = sorted(Path(row[0]).name for row in stored(tmp_path / "many"))
    assert sources == sorted([*(f"{i}.jpg" for i in (0, 1, 2, 4, 6, 7, 8)), r"caf\udce9.jpg"])


def test_a_data_set_is_not_added_to(tmp_path: Path, cluster: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.parquet").write_bytes(b"")
    for out in ("there", "there/x.parquet"):
        with pytest.raises(ArchiveError, match="new folder"):
            write_archive([], str(tmp_path / out), ArchiveSettings(kind="photos"), jobs=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", "a.jpg", "--archive"],
        ["analyze", "a.jpg", "--archive", "--out", "x", "--resume"],
        ["analyze", "a.jpg", "--archive", "--out", "x", "--annotated", "y"],
        ["video", "a.mp4", "--archive", "--csv", "x", "--out", "y"],
    ],
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    code, stderr = run(*arguments)
    assert code == 2
    assert "--archive" in stderr


def test_without_the_extra_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, "-m", "emotion", "analyze", "a.jpg", "--archive", "--out", "x"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'emotion[archive]'" in done.stderr
    assert "Traceback" not in done.stderr


def until_read(pipe: Path, process: subprocess.Popen[str]) -> int:
    """The worker that waits for the pipe."""
    end_s = time.monotonic() + WAIT_S
    while not (worker := reader(pipe)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end_s
        time.sleep(0.02)
    return worker


def reader(pipe: Path) -> int | None:
    """The process that wants to read the pipe; it is let in as far as having it open."""
    try:
        # Opening for writing without waiting works only while somebody wants to read.
        writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return next(filter(opened(pipe), processes()), None)
    finally:
        _kept.append(writer)  # closed, it would be the end of an empty file


_kept: list[int] = []


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def opened(pipe: Path) -> Callable[[int], bool]:
    def has_it_open(pid: int) -> bool:
        try:
            links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            return False
        return pid != os.getpid() and pipe in links

    return has_it_open
