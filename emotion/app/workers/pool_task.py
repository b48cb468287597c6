"""One function call in a worker process, driven by the thread that wants its result."""

from __future__ import annotations

import logging
import math
import pickle
import signal
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from emotion import errors
from emotion.app.workers import channel
from emotion.app.workers.pixel_gate import Pixels
from emotion.app.workers.process import WorkerProcess
from emotion.errors import EmotionError, ProcessingError

if TYPE_CHECKING:
    from emotion.app.workers.pool import Pool

TICK_S = 0.1
"""How often ``Task.steps`` returns to its caller while there is nothing new."""

_START_S = 120.0  # for loading the models, on a busy machine

_SLOW = "Reading this file takes too long; save it as {formats} in a smaller size and try again."
_CRASHED = (
    "This file could not be read: it is damaged, or needs more memory than one file may take; save "
    "it as {formats} in a smaller size and try again."
)
_log = logging.getLogger(__name__)


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
        cpu_s = self.worker.cpu_s() if self.worker is not None else None
        if cpu_s is None or self._began_cpu_s is None:
            return time.monotonic() - self.began_s
        return cpu_s - self._began_cpu_s

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
