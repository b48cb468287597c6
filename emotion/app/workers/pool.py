"""A few warm workers and the queue before them.

A task is driven by the thread that wants its result: ``Task.steps`` waits, passes on what the
worker yields, and keeps the time limit. Any thread may cancel it.

Example::

    task = pool.task(analyze, data)
    for item in task.steps():
        show(item if item is not None else task.tasks_ahead)
    show(task.result)
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import pickle
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from emotion import errors
from emotion.app.workers import channel
from emotion.app.workers.limits import Limits
from emotion.app.workers.pixel_gate import PixelGate, Pixels
from emotion.app.workers.process import WorkerProcess
from emotion.errors import EmotionError, ProcessingError

TICK_S = 0.1
"""How often ``Task.steps`` returns to its caller while there is nothing new."""

SLOW_S = 3.0
"""A photo that takes more processor time than this in seconds makes room for the next one and goes
on with lower priority. By the clock every photo would on a busy machine, and cost a new worker."""

_SLOW_NICENESS = 15
_START_S = 120.0  # for loading the models, on a busy machine

_SLOW = "Reading this file takes too long; save it as {formats} in a smaller size and try again."
_CRASHED = (
    "This file could not be read: it is damaged, or needs more memory than one file may take; save "
    "it as {formats} in a smaller size and try again."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PoolCounts:
    """A pool's figures.

    Attributes:
        queued: Tasks that wait.
        running: Tasks at work.
        ended: Outcome -> tasks since the start; "done", "refused" with a message for the visitor,
            "failed" by a limit or a crash, or "stopped".
        seconds: That all of them were at work.
    """

    queued: int
    running: int
    ended: dict[str, int]
    seconds: float


class Pool:
    """Runs tasks in a few processes; safe to use from several threads.

    A slow photo does not hold up the others: after ``SLOW_S`` another task may run beside it.

    Args:
        size: Tasks that run at a time; at most as many slow ones run beside them.
        limits: Of each task.
        gate: Shared by the pools of the server.
        clips: Whether the tasks read clips.
    """

    def __init__(self, size: int, limits: Limits, gate: PixelGate, *, clips: bool = False) -> None:
        self.limits, self.gate, self.clips = limits, gate, clips
        self._size = size
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._running: set[Task] = set()
        self._slow: set[Task] = set()
        self._queue: deque[Task] = deque()
        self._ended: Counter[str] = Counter()
        self._seconds = 0.0
        self._loaded = False

    def start(self, count: int | None = None) -> None:
        """Starts workers in the background, by default all; a second call does nothing."""
        with self._lock:
            present = len(self._idle) + len(self._running)
            missing = (self._size if count is None else count) - present
            self._idle += [WorkerProcess(clips=self.clips) for _ in range(missing)]

    def close(self) -> None:
        """Ends the idle workers; those at work end with their task's cancellation."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    def loaded(self) -> bool:
        """Whether a worker has loaded the models since the start, so that all can.

        Not whether one is ready now: under an attack all may be new.
        """
        with self._lock:
            for worker in self._idle:
                worker.look()
            at_work = [task.worker for task in self._running if task.worker is not None]
            self._loaded |= any(worker.ready for worker in (*self._idle, *at_work))
            return self._loaded

    def counts(self) -> PoolCounts:
        """The pool's figures at this moment."""
        with self._lock:
            return PoolCounts(
                len(self._queue), len(self._running), dict(self._ended), self._seconds
            )

    def task(self, function: Callable[..., Any], *arguments: Any) -> Task:
        """A task, which enters the queue when its ``steps`` begin.

        Args:
            function: Of a module that the worker can import. If it is a generator, what it yields
                are the task's items, and ``Pixels`` asks the gate.
            arguments: Picklable.
        """
        return Task(self, function, arguments)

    def enter(self, task: Task) -> None:
        """Puts a task into the queue."""
        with self._lock:
            self._queue.append(task)
            self._assign()

    def look_after(self) -> None:
        """Notes which tasks have become slow, and starts others in their place."""
        with self._lock:
            self._assign()

    def tasks_ahead(self, task: Task) -> int:
        """How many tasks are before this one, those at work included; 0 once it runs."""
        with self._lock:
            if task not in self._queue:
                return 0
            return self._queue.index(task) + len(self._running)

    def stop(self, task: Task) -> None:
        """Kills the task's worker, if it has one; whoever drives the task then takes it out."""
        with self._lock:
            if task.worker is not None:
                task.worker.kill()

    def leave(self, task: Task, *, reusable: bool) -> None:
        """Takes out a task that has ended, in whatever way.

        Args:
            task: That entered the queue.
            reusable: Whether its worker can serve the next task; if not, it is replaced.
        """
        with self._lock:
            if task in self._queue:
                self._queue.remove(task)
            worker, task.worker = task.worker, None
            was_slow = task in self._slow
            self._ended["stopped" if task.stopped else task.outcome] += 1
            self._seconds += max(0.0, time.monotonic() - task.began_s)
        self.gate.leave(task)
        if worker is None:
            return
        # A slow one's lower priority cannot be raised again.
        kept = reusable and not was_slow and len(self._idle) < self._size
        if not kept:
            worker.close()
        with self._lock:
            self._running.discard(task)
            self._slow.discard(task)
            if kept:
                self._idle.append(worker)
            elif len(self._idle) + len(self._running) < self._size:
                self._idle.append(WorkerProcess(clips=self.clips))
            self._assign()

    def _assign(self) -> None:
        """Gives idle workers to waiting tasks; called with the lock held."""
        self._note_slow()
        while (
            self._queue
            and len(self._running) - len(self._slow) < self._size
            and len(self._running) < 2 * self._size
        ):
            worker = self._idle.pop() if self._idle else WorkerProcess(clips=self.clips)
            if not worker.alive:  # it died while idle
                worker.close()
                continue
            task = self._queue.popleft()
            task.worker = worker
            self._running.add(task)
            task.assigned.set()

    def _note_slow(self) -> None:
        """Lowers the priority of tasks that have become slow, and warms up a worker for others."""
        if self.clips:
            return
        for task in self._running - self._slow:
            if task.worker is None or task.busy_s() < SLOW_S:
                continue
            self._slow.add(task)
            with contextlib.suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, task.worker.pid, _SLOW_NICENESS)
            if not self._idle:
                self._idle.append(WorkerProcess(clips=self.clips))


class Task:
    """One function call in a worker; made by ``Pool.task``, driven by one thread."""

    def __init__(
        self, pool: Pool, function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        self.result: Any = None
        """What the function returned, once ``steps`` has ended."""
        self.stopped = False
        """Whether it was ended by ``stop``; there is no result then."""
        self.outcome = "failed"
        """How it ended, see ``PoolCounts``."""
        self.worker: WorkerProcess | None = None
        self.assigned = threading.Event()
        self.began_s = math.inf
        """Monotonic time at which a worker that was ready began with it."""
        self._began_cpu_s: float | None = None
        self._pool = pool
        self._message = (channel.TASK, function, arguments, pool.limits)
        self._reusable = False

    @property
    def tasks_ahead(self) -> int:
        """The tasks that must end before this one begins."""
        return self._pool.tasks_ahead(self)

    def busy_s(self) -> float:
        """Processor time of the task so far in seconds; by the clock where that is not known."""
        by_clock_s = time.monotonic() - self.began_s
        if self.worker is None or by_clock_s < SLOW_S:  # it is no more than this
            return by_clock_s
        cpu_s, began_s = self.worker.cpu_s(), self._began_cpu_s
        return by_clock_s if cpu_s is None or began_s is None else cpu_s - began_s

    def _begin(self, worker: WorkerProcess) -> None:
        self.began_s, self._began_cpu_s = time.monotonic(), worker.cpu_s()

    def stop(self) -> None:
        """Kills the worker; ``steps`` then ends. Any thread may call it, more than once."""
        self.stopped = True
        self._pool.stop(self)

    def steps(self) -> Generator[Any]:
        """Yields each item of the task, and None every ``TICK_S`` while there is nothing new.

        Closing the generator stops the task.

        Raises:
            EmotionError: The task's own error.
            ProcessingError: It broke a limit, or its process died.
        """
        self._pool.enter(self)
        try:
            while not self.stopped and not self.assigned.wait(TICK_S):
                self._pool.look_after()
                yield None
            if not self.stopped:
                yield from self._run()
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            if not self.stopped:
                raise self._broken(error) from error
        finally:
            self._pool.leave(self, reusable=self._reusable)

    def wait(self) -> Any:
        """The result, without regard to what the task yields.

        Raises:
            EmotionError: See ``steps``.
        """
        for _ in self.steps():
            pass
        return self.result

    def _run(self) -> Generator[Any]:
        """The task in its worker."""
        worker, wall_s = self.worker, self._pool.limits.wall_s
        if worker is None:
            return
        given_s = time.monotonic()
        if worker.ready:
            self._begin(worker)
        channel.send(worker.connection, self._message)
        while True:
            if time.monotonic() > min(self.began_s + wall_s, given_s + wall_s + _START_S):
                raise self._error(_SLOW)
            if not worker.connection.poll(TICK_S):
                self._pool.look_after()
                yield None
                continue
            kind, *content = channel.receive_data(worker.connection)
            self._reusable = kind in (channel.DONE, channel.REFUSED)
            if kind == channel.READY:
                worker.ready = True
                self._begin(worker)
                continue
            if kind == channel.DONE:
                (self.result,) = content
                self.outcome = "done"
                return
            if kind == channel.REFUSED:
                self.outcome = "refused"
                raise _refusal(*content)
            if kind == channel.FAILED:
                _log.error("The work on a file ended unexpectedly:\n%s", *content)
                raise self._error(_CRASHED)
            (item,) = content
            if isinstance(item, Pixels):
                while not self._pool.gate.enter(self, item.count):
                    yield None
                    time.sleep(TICK_S / 4)
                given_s = time.monotonic()  # waiting is no work
                self._begin(worker)
                channel.send(worker.connection, (channel.GO,))
            else:
                yield item

    def _broken(self, error: Exception) -> ProcessingError:
        """The error for a worker that ended, or sent what it must not."""
        status = self.worker.close() if self.worker is not None else None
        if status == -signal.SIGXCPU:
            return self._error(_SLOW)
        _log.warning("A worker ended with status %s: %s", status, error)
        return self._error(_CRASHED)

    def _error(self, text: str) -> ProcessingError:
        return ProcessingError(text.format(formats="MP4" if self._pool.clips else "JPEG or PNG"))


def _refusal(name: str, text: str) -> EmotionError:
    """The error that a task raised, by the name of its type."""
    kind = getattr(errors, name, EmotionError)
    return kind(text) if issubclass(kind, EmotionError) else EmotionError(text)
