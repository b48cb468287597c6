"""Work on many inputs, in this process or in several, with the outcomes in the inputs' order.

Each worker is a process with models of its own and one input at a time. It is a pool of one: where
the system's own pool of many gives up all its work when a process dies, here one input is lost and
the next worker takes its place. Processes are started anew, never forked: a fork would copy the
threads' locks of LiteRT, OpenCV and FFmpeg in whatever state they are.
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
from emotion.cli.common import ModelChoice

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Stopped = Callable[[], bool]
"""Whether the program was told to stop: long work ends cleanly where it is."""

AHEAD = 8
"""So many inputs a worker may be finished ahead of one that takes long: memory stays bounded."""

CRASHED = (
    "The work on this file ended unexpectedly (out of memory, or something that a decoder fails "
    "on); it was left out."
)

_log = logging.getLogger(__name__)
_CONTEXT = multiprocessing.get_context("spawn")


def outcomes(
    work: Callable[[Analyzer, Task, Stopped], Outcome],
    tasks: Iterable[Task],
    crashed: Callable[[Task], Outcome],
    *,
    jobs: int,
    choice: ModelChoice,
    analyzer: Analyzer,
) -> Iterator[tuple[Task, Outcome]]:
    """Each task with its outcome, in the order of the tasks.

    work: a function of a module, for it travels to the workers. crashed: the outcome of a task
    whose process died, or that ended with an error that nobody foresaw, which is logged. jobs:
    processes, each with the models of ``choice``; with 1 the work is done in this one, by
    ``analyzer``.
    """
    if jobs == 1:
        for task in tasks:
            yield task, _outcome(partial(work, analyzer, task, _never), partial(crashed, task))
        return
    flag = _CONTEXT.RawValue("b", 0)  # without a lock: a killed worker would keep it for ever
    lanes = [_Lane(choice, flag) for _ in range(jobs)]
    try:
        yield from _in_order(lanes, work, iter(tasks), crashed)
    finally:
        flag.value = 1
        for lane in lanes:
            lane.close()


class _Lane:
    """One process, replaced by another when it dies."""

    def __init__(self, choice: ModelChoice, flag: Any) -> None:
        self._start = (choice, flag)
        self._pool: ProcessPoolExecutor | None = None
        self.future: Future[Any] | None = None

    def submit(self, work: Callable[..., Outcome], task: Task) -> Future[Outcome]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=_CONTEXT, initializer=_begin, initargs=self._start
            )
        try:
            self.future = self._pool.submit(_do, work, task)
        except BrokenProcessPool:  # it died while it had nothing to do
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


def _in_order(
    lanes: list[_Lane],
    work: Callable[[Analyzer, Task, Stopped], Outcome],
    tasks: Iterator[Task],
    crashed: Callable[[Task], Outcome],
) -> Iterator[tuple[Task, Outcome]]:
    begun: deque[tuple[Task, Future[Outcome]]] = deque()
    more = True
    while True:
        for lane in lanes:
            if more and len(begun) < AHEAD * len(lanes) and lane.free:
                for task in tasks:
                    begun.append((task, lane.submit(work, task)))
                    break
                else:
                    more = False
        if not begun:
            return
        if not begun[0][1].done():
            wait([future for _, future in begun if not future.done()], return_when=FIRST_COMPLETED)
        while begun and begun[0][1].done():
            task, future = begun.popleft()
            yield task, _outcome(future.result, partial(crashed, task))


def _outcome(work: Callable[[], Outcome], crashed: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    except BrokenProcessPool:
        return crashed()
    except Exception:  # noqa: BLE001 - one file must not cost a night's work on all others
        _log.exception("The work on a file ended unexpectedly.")
        return crashed()


def _never() -> bool:
    return False


# In the worker's process.
_state: dict[str, Any] = {}


def _begin(choice: ModelChoice, flag: Any) -> None:
    """Loads the models; whatever ends the program ends this process too."""
    # Ctrl-C reaches every process of the terminal; the flag, not the signal, ends work cleanly.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)  # there are as many processes as cores
    _state.update(analyzer=choice.load(), flag=flag)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # a worker left over would write into what the next run writes


def _do(work: Callable[[Analyzer, Task, Stopped], Outcome], task: Task) -> Outcome:
    return work(_state["analyzer"], task, lambda: bool(_state["flag"].value))
