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
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emotion.app.workers.limits import Limits
from emotion.app.workers.pixel_gate import PixelGate
from emotion.app.workers.pool_task import Task
from emotion.app.workers.process import WorkerProcess

SLOW_S = 3.0
"""A photo that takes more processor time than this in seconds makes room for the next one and goes
on with lower priority. By the clock every photo would on a busy machine, and cost a new worker."""

_SLOW_NICENESS = 15


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
            young = time.monotonic() - task.began_s < SLOW_S  # so it cannot have been busy longer
            if task.worker is None or young or task.busy_s() < SLOW_S:
                continue
            self._slow.add(task)
            with contextlib.suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, task.worker.pid, _SLOW_NICENESS)
            if not self._idle:
                self._idle.append(WorkerProcess(clips=self.clips))
