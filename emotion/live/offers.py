"""What of a browser's WebRTC offer is accepted.

Whoever sends an offer chooses the addresses to which this server sends its connectivity checks: the
ICE candidates. So their number is bounded, and addresses that no browser needs are left out, such
as those of the server itself. A browser whose candidates are left out can still connect: the server
learns its address from its own checks (a peer-reflexive candidate, RFC 8445, 7.3.1.3).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal

MAX_OFFER_CHARACTERS = 64_000
"""A browser's offer of one video has about 6,000."""

MAX_CANDIDATES = 20
MAX_MEDIA = 3
"""Each is a transport with sockets of its own; the page asks for one video."""

MIN_PORT = 1024
"""Browsers use ephemeral ports; below are services that a stranger might want to disturb."""

RefusedRange = Literal["none", "loopback", "private"]
"""Addresses that are left out: none, those of this machine and link, or all that are not public."""

_CANDIDATE = "a=candidate:"
_NEEDED = ("m=video ", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:")
"""Beginnings of lines without which no video can come about."""


def accepted_offer(sdp: object, kind: object, refused: RefusedRange) -> str:
    """An offer without the candidates that are not accepted.

    Args:
        sdp: The session description that a browser sent.
        kind: Its type.
        refused: Addresses to leave out.

    Returns:
        The session description.

    Raises:
        ValueError: It is no offer, or longer than a browser's.
    """
    if kind != "offer" or not isinstance(sdp, str):
        raise ValueError("expected a WebRTC offer from the browser, got something else")
    if len(sdp) > MAX_OFFER_CHARACTERS:
        raise ValueError(f"expected an offer of {MAX_OFFER_CHARACTERS} characters at most")
    lines = sdp.splitlines()
    if not all(any(line.startswith(start) for line in lines) for start in _NEEDED):
        raise ValueError("expected an offer of a video, got one that cannot lead to a connection")
    if sum(line.startswith("m=") for line in lines) > MAX_MEDIA:
        raise ValueError(f"expected an offer of {MAX_MEDIA} media at most")
    kept, candidates = [], 0
    for line in lines:
        if line.startswith(_CANDIDATE):
            candidates += 1
            if candidates > MAX_CANDIDATES or not is_accepted(line[len(_CANDIDATE) :], refused):
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def accepted_candidates(given: object, refused: RefusedRange) -> dict[str, Any]:
    """The accepted ones of the candidates that follow an offer.

    Args:
        given: By their ids, as the camera component sends them.
        refused: Addresses to leave out.
    """
    if not isinstance(given, Mapping):
        return {}
    return {
        str(key): candidate
        for key, candidate in islice(given.items(), MAX_CANDIDATES)
        if isinstance(candidate, Mapping)
        and is_accepted(str(candidate.get("candidate", ""))[:1000], refused)
    }


def is_accepted(candidate: str, refused: RefusedRange) -> bool:
    """Whether checks may be sent to a candidate.

    Args:
        candidate: The attribute's value: foundation, component, protocol, priority, address, port,
            "typ" and more (RFC 8839, 5.1).
        refused: Addresses to leave out.
    """
    parts = candidate.split()
    if len(parts) < 8 or parts[2].lower() != "udp" or not parts[5].isdecimal():
        return False
    host, port = parts[4], int(parts[5])
    if not MIN_PORT <= port <= 65_535:
        return False
    if host.endswith(".local"):  # a browser's name for an address of its local network (mDNS)
        return refused != "private"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return False
    if refused == "private":
        return address.is_global
    return refused == "none" or not (address.is_loopback or address.is_link_local)
