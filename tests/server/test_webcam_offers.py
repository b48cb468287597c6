"""Offers without a camera behind them: places stay free, and no packet goes where it must not."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection

from emotion.live.admission import CONNECT_TIMEOUT_S
from tests.browser import harness
from tests.coroutines import run_coroutine
from tests.visitor import Visitor

FULL = "live streams and all are in use"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Server]:
    with harness.serve(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


def browser_offer() -> str:
    """A valid offer of one video, without candidates."""

    async def made() -> str:
        connection = RTCPeerConnection()
        connection.addTransceiver("video")
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        await connection.close()
        return sdp

    lines = run_coroutine(made()).splitlines()
    return "\r\n".join(line for line in lines if "candidate" not in line) + "\r\n"


def candidate(port: int, host: str = "127.0.0.1") -> str:
    return f"candidate:1 1 udp 2130706431 {host} {port} typ host"


GARBAGE = {
    "short": "v=0\r\ngarbage\r\n",
    "long": browser_offer() + "a=x:" + "y" * 3_300_000,
    "cut": browser_offer()[:400],
    "odd": browser_offer().replace("a=mid:0", "a=mid:\x00").replace("VP8", "V\u2028P"),
}


@pytest.mark.parametrize("sdp", GARBAGE.values(), ids=GARBAGE)
def test_garbage_takes_no_place(sdp: str, server: harness.Server) -> None:
    visitors = [Visitor(server.url, page="webcam") for _ in range(5)]
    for visitor in visitors:
        visitor.run()
        assert FULL not in visitor.offer(sdp)
    with Visitor(server.url, page="webcam") as ordinary:
        assert FULL not in ordinary.run()
        assert ordinary.camera
    for visitor in visitors:
        visitor.leave()


def test_offers_that_never_connect_lose_their_places_soon(server: harness.Server) -> None:
    sdp, visitors = browser_offer(), [Visitor(server.url, page="webcam") for _ in range(4)]
    for visitor in visitors:
        visitor.run()
        visitor.offer(sdp)
    with Visitor(server.url, page="webcam") as ordinary:
        assert FULL in ordinary.run()
    time.sleep(CONNECT_TIMEOUT_S + 1)
    with Visitor(server.url, page="webcam") as ordinary:
        assert FULL not in ordinary.run()
    for visitor in visitors:
        visitor.leave()
    assert not [line for line in server.log().splitlines() if "Task exception" in line]


def test_no_packet_goes_to_this_machine_and_few_to_any_other(tmp_path: Path) -> None:
    """An address of this machine that is not loopback stands for any other host."""
    with (
        harness.serve(tmp_path / "log") as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        Visitor(server.url, page="webcam") as visitor,
    ):
        here.bind(("127.0.0.1", 0))
        here.settimeout(0)
        visitor.run()
        offer = browser_offer() + f"a={candidate(here.getsockname()[1])}\r\n"
        visitor.offer(offer, [candidate(here.getsockname()[1])])
        time.sleep(4)
        with pytest.raises(BlockingIOError):
            here.recvfrom(2000)


def test_the_number_of_hosts_that_get_packets_is_bounded(tmp_path: Path) -> None:
    with harness.serve(tmp_path / "log", env={"EMOTION_REFUSED_CANDIDATES": "none"}) as server:
        ports = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(100)]
        for port in ports:
            port.bind(("127.0.0.1", 0))
            port.settimeout(0)
        with Visitor(server.url, page="webcam") as visitor:
            visitor.run()
            visitor.offer(browser_offer(), [candidate(p.getsockname()[1]) for p in ports])
            time.sleep(6)
        reached = 0
        for port in ports:
            try:
                port.recvfrom(2000)
                reached += 1
            except BlockingIOError:
                pass
            port.close()
        assert 0 < reached <= 20
