"""Which offers and addresses of a browser are accepted."""

import pytest

from emotion.live.offers import (
    MAX_CANDIDATES,
    RefusedRange,
    accepted_candidates,
    accepted_offer,
    is_accepted,
)

PUBLIC, LAN, LOCAL = "8.8.4.4", "192.168.1.7", "127.0.0.1"


def candidate(host: str, port: int = 50_000, protocol: str = "udp") -> str:
    return f"1 1 {protocol} 2130706431 {host} {port} typ host generation 0"


def offer(*candidates: str, media: int = 1) -> str:
    lines = ["v=0", *["m=video 9 UDP/TLS/RTP/SAVPF 96"] * media]
    lines += ["a=ice-ufrag:x", "a=ice-pwd:y", "a=fingerprint:sha-256 00"]
    return "\r\n".join([*lines, *(f"a=candidate:{each}" for each in candidates)]) + "\r\n"


def kept(sdp: str, refused: RefusedRange = "loopback") -> list[str]:
    lines = accepted_offer(sdp, "offer", refused).splitlines()
    return [line.removeprefix("a=candidate:") for line in lines if line.startswith("a=candidate")]


@pytest.mark.parametrize(
    ("host", "accepted_under"),
    [
        (PUBLIC, {"none", "loopback", "private"}),
        ("2001:4860:4860::8888", {"none", "loopback", "private"}),
        (LAN, {"none", "loopback"}),
        ("10.0.0.1", {"none", "loopback"}),
        ("100.64.0.1", {"none", "loopback"}),
        ("fd00::1", {"none", "loopback"}),
        ("f2a1c7d0-1111-4222-8333-944455566677.local", {"none", "loopback"}),
        (LOCAL, {"none"}),
        ("127.1.2.3", {"none"}),
        ("::1", {"none"}),
        ("::ffff:127.0.0.1", {"none"}),
        ("169.254.169.254", {"none"}),
        ("fe80::1", {"none"}),
        ("0.0.0.0", set()),
        ("224.0.0.251", set()),
        ("255.255.255.255", set()),
        ("internal.example", set()),
        ("127.1", set()),
        ("2130706433", set()),
    ],
)
def test_addresses_by_range(host: str, accepted_under: set[str]) -> None:
    ranges: tuple[RefusedRange, ...] = ("none", "loopback", "private")
    assert {r for r in ranges if is_accepted(candidate(host), r)} == accepted_under


@pytest.mark.parametrize(
    "text",
    [
        candidate(PUBLIC, 53),
        candidate(PUBLIC, 70_000),
        candidate(PUBLIC, protocol="tcp"),
        "",
        "1 1",
    ],
)
def test_what_no_browser_sends_is_refused(text: str) -> None:
    assert not is_accepted(text, "none")


def test_an_offer_keeps_everything_but_refused_candidates() -> None:
    assert accepted_offer(offer(), "offer", "loopback") == offer()
    assert kept(offer(candidate(LOCAL), candidate(LAN))) == [candidate(LAN)]


def test_the_number_of_candidates_is_bounded() -> None:
    many = [candidate(PUBLIC, 50_000 + n) for n in range(302)]
    assert kept(offer(*many)) == many[:MAX_CANDIDATES]
    later = {str(n): {"candidate": text, "sdpMid": "0"} for n, text in enumerate(many)}
    assert list(accepted_candidates(later, "loopback")) == [str(n) for n in range(MAX_CANDIDATES)]


def test_candidates_of_another_form_are_left_out() -> None:
    assert accepted_candidates(["a"], "none") == {}
    assert accepted_candidates({"1": "a", "2": {}, "3": {"candidate": 5}}, "none") == {}


@pytest.mark.parametrize(
    ("sdp", "kind", "message"),
    [
        (offer() + "a=x:" + "y" * 3_300_000, "offer", "64000 characters"),
        (offer(media=40), "offer", "3 media"),
        ("v=0\r\ngarbage\r\n", "offer", "cannot lead to a connection"),
        (offer().replace("a=fingerprint", "a=x"), "offer", "cannot lead to a connection"),
        (None, "offer", "expected a WebRTC offer"),
        (offer(), "answer", "expected a WebRTC offer"),
    ],
)
def test_what_is_no_browsers_offer_is_refused(sdp: object, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accepted_offer(sdp, kind, "loopback")
