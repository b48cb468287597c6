"""The server's end of one worker process.

The process is a fresh interpreter: it inherits neither Streamlit nor the server's threads, sockets
and secrets. (multiprocessing's spawn would run the page's script in it, which is ``__main__`` to
Streamlit.)
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import emotion
from emotion.app.workers import channel

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "EMOTION_MODELS")
"""Environment variables that a worker gets; the others may hold secrets of the deployment."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Set to 1: there are as many workers as cores, and threads that wait for each other spin."""

_SOURCE = Path(emotion.__file__).parents[1]


class WorkerProcess:
    """A started worker; tasks can be sent to it immediately, also while it loads the models.

    Args:
        clips: Whether it reads clips; if so it has lower priority and loads what they need.
    """

    def __init__(self, *, clips: bool = False) -> None:
        ours, theirs = socket.socketpair()
        lifeline_read, self._lifeline = os.pipe()
        fds = (theirs.fileno(), lifeline_read)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "emotion.app.workers", *map(str, fds)]
                + (["clips"] if clips else []),
                pass_fds=fds,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # decoders write there what the stranger's file tells
            )
        finally:
            theirs.close()
            os.close(lifeline_read)
        self.connection = Connection(ours.detach())
        self.ready = False
        """Whether it is known to have loaded the models; set by who reads its messages."""

    def look(self) -> None:
        """Takes the message that it has loaded the models, if it is there and unread.

        Only while no task has it.
        """
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            if not self.ready and self.connection.poll():
                self.ready = channel.receive_data(self.connection)[0] == channel.READY

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def cpu_s(self) -> float | None:
        """Processor time that it has used, in seconds; None where the system has no ``/proc``."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return None
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends the process immediately; the connection then reads its end. Can be repeated."""
        self._process.kill()

    def close(self) -> int:
        """Kills the process, releases what belongs to it, and returns its exit status."""
        self._process.kill()
        status = self._process.wait()
        self.connection.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return status


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    return {**passed, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": path}
