"""Attacks on a running page: its server goes on answering, and nothing leaves the machine."""

import contextlib
import http.client
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from emotion.app.limits import ALL_UPLOADS_VARIABLE, SESSION_UPLOADS_VARIABLE
from emotion.samples import SAMPLES
from tests import attacks
from tests.browser import harness
from tests.visitor import UPLOAD, Visitor, address

MEGABYTE = bytes(1 << 20)


class BlackHole:
    """A proxy that takes connections to other hosts, counts them, and never answers."""

    def __init__(self) -> None:
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        proxy = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.env = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._held.append(self._listener.accept()[0])
                self.asked += 1

    def close(self) -> None:
        """Ends it."""
        self._listener.close()


@pytest.fixture(scope="module")
def outside() -> Iterator[BlackHole]:
    hole = BlackHole()
    yield hole
    hole.close()


@pytest.fixture(scope="module")
def server(
    outside: BlackHole, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[harness.Server]:
    env = {**outside.env, SESSION_UPLOADS_VARIABLE: "5", ALL_UPLOADS_VARIABLE: "12"}
    log_file = tmp_path_factory.mktemp("server") / "log"
    with harness.serve(log_file, env=env) as running:
        yield running


def health_s(server: harness.Server) -> float:
    """Seconds until the server answers."""
    began_s = time.monotonic()
    with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic() - began_s


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil", "null"])
def test_a_foreign_page_is_refused_and_nobody_is_asked_about_it(
    origin: str, server: harness.Server, outside: BlackHole
) -> None:
    for _ in range(5):
        with pytest.raises(InvalidStatus, match="403"):
            Visitor(server.url, origin=origin)
    assert outside.asked == 0
    with Visitor(server.url) as visitor:
        assert "What expression does a face show?" in visitor.run()


def test_a_plain_start_serves_this_machine_alone_and_asks_nobody(
    outside: BlackHole, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")} | outside.env
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=harness.ROOT, env=env, stdout=log, stderr=log)
    running = harness.Server(f"http://localhost:{port}", tmp_path / "log", process)
    try:
        harness._wait_until_healthy(running)
        hosts = listening(port)
    finally:
        harness.end(process)
    assert hosts
    assert hosts <= {"0100007F", "00000000000000000000000001000000"}, "127.0.0.1 and ::1"
    assert outside.asked == 0


def listening(port: int) -> set[str]:
    """The local addresses, in the kernel's hexadecimal, on which the port is served."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            host, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(host)
    return found


def test_uploads_are_bounded_for_a_session_and_for_all(server: harness.Server) -> None:
    with Visitor(server.url) as first, Visitor(server.url) as second, Visitor(server.url) as third:
        for visitor in (first, second, third):
            visitor.run()
        stored: list[tuple[Visitor, str]] = []

        def upload(visitor: Visitor) -> int:
            status, file_id = visitor.upload(2 * MEGABYTE)
            if status == 204:
                stored.append((visitor, file_id))
            return status

        assert [upload(first) for _ in range(4)] == [204, 204, 413, 413]
        assert [upload(second) for _ in range(2)] == [204, 204]
        assert [upload(third) for _ in range(2)] == [204, 503]
        visitor, file_id = stored.pop(0)
        assert visitor.remove(file_id) == 204
        assert upload(third) == 204, "what was removed counts no longer"
        for visitor, file_id in stored:
            assert visitor.remove(file_id) == 204


def test_an_upload_without_a_stated_length_is_cut_off(server: harness.Server) -> None:
    with Visitor(server.url) as visitor:
        visitor.run()
        connection = http.client.HTTPConnection(*address(server.url), timeout=30)
        head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        parts = [head, *[MEGABYTE] * 20, b"\r\n--x--\r\n"]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                "PUT",
                UPLOAD.format(session=visitor.session, file="f"),
                body=iter(parts),
                headers={
                    "Content-Type": "multipart/form-data; boundary=x",
                    "X-Xsrftoken": visitor._token,
                    "Cookie": f"_streamlit_xsrf={visitor._token}",
                },
                encode_chunked=True,
            )
            assert connection.getresponse().status == 413
        connection.close()
        status, file_id = visitor.upload(MEGABYTE)
        assert status == 204, "what was cut off counts no longer"
        assert visitor.remove(file_id) == 204


def test_a_photo_beyond_the_pages_limit_is_refused_by_the_server(
    outside: BlackHole, tmp_path: Path
) -> None:
    with harness.serve(tmp_path / "log", env=outside.env) as roomy, Visitor(roomy.url) as visitor:
        assert "larger than 50 MB" in visitor.show(51 * MEGABYTE, "photo.jpg")


def workers(server: harness.Server) -> dict[int, float]:
    """Process id -> seconds of processor time of each of the server's child processes."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == server.process.pid:
                ticks = int(fields[11]) + int(fields[12])
                found[int(folder.name)] = ticks / os.sysconf("SC_CLK_TCK")
    return found


def test_the_work_on_a_slow_photo_ends_when_its_visitor_leaves(server: harness.Server) -> None:
    data = attacks.jpeg_of_many_scans()
    with Visitor(server.url) as ordinary:
        ordinary.show(SAMPLES[0].read(), "warm.jpg")
        before = workers(server)
        visitor = Visitor(server.url)
        visitor.run()
        status, file_id = visitor.upload(data)
        assert status == 204
        (widget,) = visitor.uploader.values()
        visitor.request(**{widget: [(file_id, "slow.jpg", len(data))]})
        busy = _busiest(server, before)
        assert health_s(server) < 1
        assert "emotion-bars" in ordinary.show(SAMPLES[1].read(), "while.jpg")
        visitor.leave()
        ended_s = time.monotonic() + 10  # its own limit would end it later
        while busy in workers(server):
            assert time.monotonic() < ended_s, "the work went on without its visitor"
            time.sleep(0.1)
    assert workers(server).keys() - before.keys(), "another worker takes its place"


def _busiest(server: harness.Server, before: dict[int, float]) -> int:
    """The worker that has used two seconds more than before."""
    for _ in range(600):
        for pid, seconds in workers(server).items():
            if seconds > before.get(pid, 0.0) + 2:
                return pid
        time.sleep(0.1)
    raise AssertionError("no worker is busy")


def test_a_slow_photo_ends_in_a_message_and_others_are_served(server: harness.Server) -> None:
    with Visitor(server.url) as visitor:
        shown = visitor.show(attacks.jpeg_of_many_scans(), "slow.jpg", timeout_s=90)
    assert "takes too long" in shown


def test_sessions_that_left_keep_few_descriptors(server: harness.Server) -> None:
    opened = Path(f"/proc/{server.process.pid}/fd")
    for _ in range(100):
        Visitor(server.url).leave()
    time.sleep(2)
    assert sum(1 for _ in opened.iterdir()) < 200, "three for each would be 300"


def test_many_connections_leave_room_for_an_ordinary_visitor(
    outside: BlackHole, tmp_path: Path
) -> None:
    with harness.serve(tmp_path / "log", env=outside.env) as small:
        resource.prlimit(small.process.pid, resource.RLIMIT_NOFILE, (300, 300))
        with contextlib.ExitStack() as crowd:
            for _ in range(100):
                try:
                    crowd.enter_context(Visitor(small.url))
                except InvalidStatus:
                    break
            else:
                pytest.fail("the server took all connections")
            time.sleep(6)  # until they count as silent
            for _ in range(20):
                crowd.enter_context(Visitor(small.url))
            with Visitor(small.url) as visitor:
                assert "What expression does a face show?" in visitor.run()
                assert "emotion-bars" in visitor.show(SAMPLES[0].read(), "photo.jpg")
