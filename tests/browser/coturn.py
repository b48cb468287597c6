"""A real TURN server for the browser tests: Debian's coturn on loopback, gone with its block.

It runs with the configuration of ``deploy/``.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.browser import harness

HOST = "127.0.0.1"
CONFIGURATION = harness.ROOT / "deploy" / "coturn" / "turnserver.conf"


@dataclass(frozen=True)
class TurnServer:
    """A running coturn. secret: as in its ``static-auth-secret``."""

    url: str
    secret: str
    log_file: Path

    def log(self) -> str:
        """Everything it wrote so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


@contextlib.contextmanager
def turn_server(folder: Path, secret: str = "a shared secret") -> Iterator[TurnServer]:
    """coturn with the shared-secret scheme on a free port, until the block is left.

    It relays to this machine's own addresses, which a server on the internet must not do.
    """
    path = shutil.which("turnserver")
    if path is None:
        raise RuntimeError(
            "coturn is not installed, and the relay test needs it: `make test` installs it, or "
            "`apt-get install coturn` does."
        )
    port = _free_port()
    log_file = folder / "coturn.log"
    configuration = folder / "turnserver.conf"
    # The test reads what coturn writes, which a deployment does not keep. In a file of its own:
    # coturn writes its standard output in blocks, so that the newest lines would be missing.
    text = CONFIGURATION.read_text()
    assert "\nlog-file=/dev/null\n" in text
    configuration.write_text(text.replace("/dev/null", str(log_file)))
    command = [path, "-c", str(configuration)]
    command += ["--listening-ip", HOST, "--relay-ip", HOST, "--listening-port", str(port)]
    command += ["--realm", "test", "--static-auth-secret", secret]
    command += ["--allow-loopback-peers", "--allowed-peer-ip", HOST]
    command += ["--verbose"]
    command += ["--pidfile", str(folder / "coturn.pid"), "--userdb", str(folder / "coturn.db")]
    with (folder / "stderr.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    server = TurnServer(f"turn:{HOST}:{port}", secret, log_file)
    try:
        _wait_until_it_listens(port, process, server)
        yield server
    finally:
        harness.end(process)


def _free_port() -> int:
    """A port that nobody listens on, by UDP or by TCP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind((HOST, 0))
        port = int(tcp.getsockname()[1])
        udp.bind((HOST, port))
    return port


def _wait_until_it_listens(
    port: int, process: subprocess.Popen[bytes], server: TurnServer, timeout_s: float = 30
) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and process.poll() is None:
        # It takes TCP on the same port, which is easier to ask than UDP.
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"coturn did not start:\n{server.log()}")
