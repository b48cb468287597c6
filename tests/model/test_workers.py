"""Files that attack the server end in a message, and the next visitor's photo is analysed.

The worker processes are real; so are the files, see ``tests.attacks``.
"""

import contextlib
import io
import os
import pickle
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from emotion.app import work
from emotion.app.workers import channel, tasks
from emotion.app.workers.limits import Limits
from emotion.app.workers.pixel_gate import PixelGate
from emotion.app.workers.pool import Pool
from emotion.app.workers.pool_task import Task
from emotion.errors import ImageError, ImageTooLargeError, ProcessingError, VideoError
from emotion.imaging.formats import restrict_pillow
from emotion.samples import SAMPLES
from tests import attacks, worker_tasks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    limits = Limits(cpu_s=2, wall_s=300.0, memory_mb=200)
    made = Pool(1, limits, PixelGate(1000))
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (worker_tasks.spin, ()),
        (worker_tasks.crash, ()),
        (worker_tasks.allocate, (400,)),
        (worker_tasks.fail, ()),
        (worker_tasks.foreign, ()),
    ],
)
def test_what_goes_wrong_in_a_worker_ends_in_a_message_and_the_next_task_runs(
    function: Callable[..., Any], given: tuple[Any, ...], pool: Pool
) -> None:
    with pytest.raises(ProcessingError, match="save it as JPEG or PNG"):
        pool.task(function, *given).wait()
    assert pool.task(worker_tasks.allocate, 10).wait() == 1


def test_a_time_limit_also_ends_a_task_that_uses_no_processor(pool: Pool) -> None:
    brief = Pool(1, replace(pool.limits, wall_s=0.5), pool.gate)
    with pytest.raises(ProcessingError, match="takes too long"):
        brief.task(worker_tasks.wait_forever).wait()
    brief.close()


def test_an_error_of_the_file_keeps_its_type_and_its_worker(pool: Pool) -> None:
    (before,) = pool._idle
    with pytest.raises(VideoError, match=r"This is no clip\."):
        pool.task(worker_tasks.refuse).wait()
    assert pool._idle == [before]


def test_a_worker_writes_no_file_and_knows_no_secret(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProcessingError):
        pool.task(worker_tasks.write, str(tmp_path / "a")).wait()
    assert (tmp_path / "a").stat().st_size == 0
    monkeypatch.setenv("EMOTION_ICE_SERVERS", '[{"secret": "s"}]')
    fresh = Pool(1, pool.limits, pool.gate)
    assert "EMOTION_ICE_SERVERS" not in fresh.task(worker_tasks.environment).wait()
    assert not {"streamlit", "aiortc", "tensorflow"} & set(fresh.task(worker_tasks.loaded).wait())
    fresh.close()


def test_a_stopped_task_ends_its_process(pool: Pool) -> None:
    task = pool.task(worker_tasks.wait_forever)
    steps = task.steps()
    pid = next(item for item in steps if item is not None)
    task.stop()
    assert not any(steps)
    assert task.stopped
    assert not Path(f"/proc/{pid}").exists()
    assert pool.task(worker_tasks.allocate, 1).wait() == 1


def test_a_task_whose_thread_gives_it_up_ends_its_process(pool: Pool) -> None:
    steps = pool.task(worker_tasks.wait_forever).steps()
    pid = next(item for item in steps if item is not None)
    steps.close()
    assert not Path(f"/proc/{pid}").exists()


def test_a_waiting_task_knows_its_place(pool: Pool) -> None:
    clips = Pool(1, pool.limits, pool.gate, clips=True)
    first, second, third = (clips.task(worker_tasks.wait_forever) for _ in range(3))
    running = first.steps()
    next(item for item in running if item is not None)
    waiting = [task.steps() for task in (second, third)]
    assert [next(steps) for steps in waiting] == [None, None]
    assert [task.tasks_ahead for task in (first, second, third)] == [0, 1, 2]
    second.stop()
    assert list(waiting[0]) == []
    assert third.tasks_ahead == 1
    running.close()
    next(item for item in waiting[1] if item is not None)
    assert third.tasks_ahead == 0
    waiting[1].close()
    clips.close()


def _drive(task: Task) -> None:
    with contextlib.suppress(ProcessingError):
        task.wait()


def test_a_slow_task_makes_room_for_the_next(pool: Pool) -> None:
    limits = Limits(cpu_s=60, wall_s=600.0, memory_mb=200)
    narrow = Pool(1, limits, pool.gate)
    slow = narrow.task(worker_tasks.spin)
    thread = threading.Thread(target=_drive, args=(slow,))
    thread.start()
    assert slow.assigned.wait(60)
    assert narrow.task(worker_tasks.allocate, 1).wait() == 1, "beside the slow one"
    assert slow.worker is not None
    assert os.getpriority(os.PRIO_PROCESS, slow.worker.pid) >= 10
    slow.stop()
    thread.join()
    assert narrow.task(worker_tasks.allocate, 1).wait() == 1
    narrow.close()


def test_a_task_that_waits_for_the_processor_is_not_slow(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotion.app.workers.pool.SLOW_S", 0.3)
    narrow = Pool(1, Limits(cpu_s=60, wall_s=600.0, memory_mb=200), pool.gate)
    task = narrow.task(worker_tasks.wait_forever)
    steps = task.steps()
    while time.monotonic() - task.began_s < 1:
        next(steps)
    assert task.busy_s() < 0.3
    assert not narrow._slow
    task.stop()
    steps.close()
    narrow.close()


def test_the_pixels_in_flight_are_bounded() -> None:
    gate = PixelGate(1000)
    pools = Pool(3, Limits(cpu_s=5, wall_s=300.0, memory_mb=200), gate)
    seen: list[int] = []

    def run(task: Task) -> None:
        seen.extend(gate.in_flight for item in task.steps() if item == "decoding")

    threads = [
        threading.Thread(target=run, args=(pools.task(worker_tasks.decode, n),))
        for n in (600, 500, 5000, 300)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pools.close()
    assert len(seen) == 4
    assert max(n for n in seen if n < 5000) <= 1000
    assert sorted(seen)[-1] == 5000, "one of more than the limit is decoded alone"
    assert gate.in_flight == 0


def test_workers_end_with_their_server() -> None:
    script = (
        "from emotion.app.workers.process import WorkerProcess\n"
        "import os, sys\n"
        "print(WorkerProcess().pid, flush=True)\n"
        "sys.stdin.readline()\n"
        "os._exit(1)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    server.communicate("\n")
    for _ in range(300):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its server")


def test_a_workers_message_cannot_run_code_in_the_server() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("true",)

    reading, writing = Pipe(duplex=False)
    channel.send(writing, (channel.DONE, Evil()))
    with pytest.raises(pickle.UnpicklingError, match="expected data"):
        channel.receive_data(reading)


@pytest.mark.parametrize("name", ["huge_webp", "huge_png", "jpeg_of_many_scans"])
def test_a_picture_that_wants_gigabytes_or_minutes_gets_neither(name: str) -> None:
    """The photo may be analysed after all, if that fits the limits; the server stays as it is."""
    data = getattr(attacks, name)()
    assert len(data) < 1_000_000
    began, began_s = _used(), time.process_time()
    with contextlib.suppress(ImageTooLargeError, ProcessingError):
        work.analyze_photo(data)
    assert _used() - began < 100, "megabytes in the server itself"
    assert time.process_time() - began_s < 1, "seconds of the server's own processor time"
    assert len(work.analyze_photo(SAMPLES[0].read()).faces) == 1


def test_a_clip_of_huge_pictures_is_refused_before_one_is_decoded() -> None:
    data = attacks.huge_clip()
    assert len(data) < 1_000_000
    with pytest.raises(VideoError, match="too large"):
        work.PHOTOS.task(tasks.clip_facts, data).wait()


def _used() -> float:
    """Resident megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture
def fake_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``gs`` on the PATH that leaves a mark when it is run."""
    mark, program = tmp_path / "gs-was-run", tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("gs") == str(program)
    return mark


def test_no_upload_reaches_ghostscript(fake_ghostscript: Path) -> None:
    """With unrestricted Pillow, ``st.image`` of this file runs ``gs``."""
    data = attacks.postscript_clip(str(fake_ghostscript))

    def script() -> None:
        from emotion.app.pages import video

        video.page()

    restrict_pillow()
    page = AppTest.from_function(script, default_timeout=60).run()
    page.file_uploader[0].set_value(("clip.gif", data, "image/gif")).run()
    assert not page.exception
    assert len(page.get("image")) == 1, "its first frame, by FFmpeg"
    assert not fake_ghostscript.exists()


def test_pillow_opens_no_other_format_in_this_process(fake_ghostscript: Path) -> None:
    restrict_pillow()
    with pytest.raises(PIL.UnidentifiedImageError):
        PIL.Image.open(io.BytesIO(attacks.postscript_clip(str(fake_ghostscript))))
    assert not fake_ghostscript.exists()
    picture = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(picture, "PPM")
    with pytest.raises(PIL.UnidentifiedImageError):
        PIL.Image.open(picture)
    with pytest.raises(ImageError):
        work.analyze_photo(picture.getvalue())


def test_models_that_were_loaded_once_count_as_loaded_while_workers_are_replaced() -> None:
    pool = Pool(1, Limits(cpu_s=2, wall_s=300.0, memory_mb=200), PixelGate(1000))
    assert not pool.loaded()
    pool.start()
    try:
        end_s = time.monotonic() + 120
        while not pool.loaded():
            assert time.monotonic() < end_s
            time.sleep(0.1)
        with pytest.raises(ProcessingError):
            pool.task(worker_tasks.crash).wait()
        assert pool.loaded()
        assert pool.counts().ended == {"failed": 1}
    finally:
        pool.close()
