"""A worker process: loads the models, then runs one task after another until its server ends.

Started by ``process.WorkerProcess`` as ``python -m emotion.app.workers SOCKET LIFELINE [clips]``.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from emotion.app import malloc
from emotion.app.workers import channel, limits
from emotion.app.workers.pixel_gate import Pixels
from emotion.errors import EmotionError


def main(socket_fd: int, lifeline_fd: int, *, clips: bool) -> None:
    """Runs tasks until the server closes the connection or ends."""
    connection = Connection(socket_fd)
    threading.Thread(target=_end_with_server, args=(lifeline_fd,), daemon=True).start()
    from emotion.app.workers.tasks import warm_up

    try:
        warm_up(clips=clips)
    except Exception:  # noqa: BLE001 - told to the server, which logs it
        channel.send(connection, (channel.FAILED, _trace()))
        return
    limits.drop_rights()
    channel.send(connection, (channel.READY,))
    while True:
        try:
            message = connection.recv_bytes()
        except EOFError:
            return
        channel.send(connection, _outcome(connection, message))
        del message
        malloc.trim()


def _outcome(connection: Connection, message: bytes) -> tuple[Any, ...]:
    """Runs a task; sends what it yields and returns the last message."""
    try:
        _, function, arguments, task_limits = channel.unpack_trusted(message)
        limits.begin_task(task_limits)
        result = function(*arguments)
        if inspect.isgenerator(result):
            while True:
                try:
                    item = next(result)
                except StopIteration as end:
                    result = end.value
                    break
                channel.send(connection, (channel.ITEM, item))
                if isinstance(item, Pixels):
                    connection.recv_bytes()  # there is room for them now
    except EmotionError as error:
        return channel.REFUSED, type(error).__name__, str(error)
    except Exception:  # noqa: BLE001 - reported to the server, which logs it
        return channel.FAILED, _trace()
    return channel.DONE, result


def _trace() -> str:
    """Where the present exception was raised, and its type. Its text may quote the file."""
    kind, _, trace = sys.exc_info()
    return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind else "")


def _end_with_server(lifeline_fd: int) -> None:
    """Ends this process, in whatever it is, when the server's end of the pipe is closed."""
    os.read(lifeline_fd, 1)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), clips="clips" in sys.argv[3:])
