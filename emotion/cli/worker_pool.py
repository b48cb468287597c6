"""Processes many inputs, here or in several processes, and yields the outcomes in input order.

Each worker is a process with models of its own and one input at a time: a pool of one. A
``ProcessPoolExecutor`` with many workers gives up all its work when one process dies; here one
input is lost and the next process takes over. Processes are spawned, never forked: a fork would
copy the locks of LiteRT's, OpenCV's and FFmpeg's threads in whatever state they are.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

from emotion.analyzer import Analyzer
from emotion.cli.options import ModelChoice

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
StopRequested = Callable[[], bool]
"""Whether the program was asked to stop: long work then ends cleanly where it is."""

MAX_AHEAD = 8
"""Inputs per worker that may be finished before an earlier, slow one: it bounds memory."""

CRASHED = (
    "The work on this file ended unexpectedly (out of memory, or something that a decoder fails "
    "on); it was left out."
)

_log = logging.getLogger(__name__)
_CONTEXT = multiprocessing.get_context("spawn")


def run_in_order(
    work: Callable[[Analyzer, Task, StopRequested], Outcome],
    tasks: Iterable[Task],
    crashed: Callable[[Task], Outcome],
    *,
    jobs: int,
    choice: ModelChoice,
    analyzer: Analyzer,
) -> Iterator[tuple[Task, Outcome]]:
    """Runs each task and yields it with its outcome, in the order of the tasks.

    Args:
        work: What is done with a task; picklable, so a function of a module.
        tasks: Taken as workers become free.
        crashed: The outcome of a task whose process died, or that raised an unexpected error; the
            error is logged.
        jobs: Number of processes. With 1 the work is done in this process.
        choice: The models that each worker process loads.
        analyzer: The models of this process.
    """
    if jobs == 1:
        for task in tasks:
            yield task, _outcome(partial(work, analyzer, task, _never_stop), partial(crashed, task))
        return
    stop = _CONTEXT.RawValue("b", 0)  # without a lock: a killed worker would hold it forever
    workers = [_Worker(choice, stop) for _ in range(jobs)]
    try:
        yield from _run_on(workers, work, iter(tasks), crashed)
    finally:
        stop.value = 1
        for worker in workers:
            worker.close()


class _Worker:
    """One process, replaced by another when it dies."""

    def __init__(self, choice: ModelChoice, stop: Any) -> None:
        self._arguments = (choice, stop)
        self._pool: ProcessPoolExecutor | None = None
        self.future: Future[Any] | None = None

    def submit(self, work: Callable[..., Outcome], task: Task) -> Future[Outcome]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=_CONTEXT, initializer=_initialize, initargs=self._arguments
            )
        try:
            self.future = self._pool.submit(_run_task, work, task)
        except BrokenProcessPool:  # it died while idle
            self.close()
            return self.submit(work, task)
        return self.future

    @property
    def free(self) -> bool:
        if self.future is None or not self.future.done():
            return self.future is None
        if isinstance(self.future.exception(), BrokenProcessPool):
            self.close()
        self.future = None
        return True

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def _run_on(
    workers: list[_Worker],
    work: Callable[[Analyzer, Task, StopRequested], Outcome],
    tasks: Iterator[Task],
    crashed: Callable[[Task], Outcome],
) -> Iterator[tuple[Task, Outcome]]:
    started: deque[tuple[Task, Future[Outcome]]] = deque()
    more = True
    while True:
        for worker in workers:
            if more and len(started) < MAX_AHEAD * len(workers) and worker.free:
                for task in tasks:
                    started.append((task, worker.submit(work, task)))
                    break
                else:
                    more = False
        if not started:
            return
        if not started[0][1].done():
            wait(
                [future for _, future in started if not future.done()], return_when=FIRST_COMPLETED
            )
        while started and started[0][1].done():
            task, future = started.popleft()
            yield task, _outcome(future.result, partial(crashed, task))


def _outcome(work: Callable[[], Outcome], crashed: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    except BrokenProcessPool:
        return crashed()
    except Exception:  # noqa: BLE001 - one file must not end the work on all others
        _log.exception("The work on a file ended unexpectedly.")
        return crashed()


def _never_stop() -> bool:
    return False


# In the worker's process.
_state: dict[str, Any] = {}


def _initialize(choice: ModelChoice, stop: Any) -> None:
    """Loads the models and ties this process's life to its parent's."""
    # Ctrl-C reaches every process of the terminal; the flag, not the signal, ends work cleanly.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)  # there are as many processes as cores
    _state.update(analyzer=choice.load(), stop=stop)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # an orphan would write into the files of the next run


def _run_task(work: Callable[[Analyzer, Task, StopRequested], Outcome], task: Task) -> Outcome:
    return work(_state["analyzer"], task, lambda: bool(_state["stop"].value))
