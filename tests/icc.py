"""Colour profiles made from their numbers: RGB working spaces, and a coarse CMYK press.

ICC.1:2001-04 (version 2), which every colour management system reads.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

Xyz = tuple[float, float, float]


@dataclass(frozen=True)
class Space:
    """An RGB working space: XYZ of its primaries, adapted to D50, and its gamma."""

    xyz: tuple[Xyz, Xyz, Xyz]
    gamma: float


ADOBE_RGB = Space(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    2.19921875,
)
PRO_PHOTO = Space(
    ((0.79767, 0.28804, 0.00000), (0.13519, 0.71188, 0.00000), (0.03134, 0.00009, 0.82491)), 1.8
)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Xyz) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def _profile(space: bytes, pcs: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0none\0", **tags}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += padded
    header = struct.pack(">I", at + len(body)) + b"lcms\x02\x10\0\0" + kind + space + pcs
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acspAPPL" + bytes(24)
    header += _fixed(0.9642) + _fixed(1.0) + _fixed(0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def rgb_profile(space: Space) -> bytes:
    """A display profile of the space."""
    tags = {name: _xyz(v) for name, v in zip((b"rXYZ", b"gXYZ", b"bXYZ"), space.xyz, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(space.gamma))
    return _profile(b"RGB ", b"XYZ ", b"mntr", {b"wtpt": _xyz((0.9642, 1.0, 0.8249)), **tags})


def gray_profile(gamma: float) -> bytes:
    """A grey profile of a gamma."""
    tags = {b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"kTRC": _curve(gamma)}
    return _profile(b"GRAY", b"XYZ ", b"mntr", tags)


def cmyk_profile() -> bytes:
    """A press whose ink halves the light at full coverage: Lab L = 100 / 2^(C + M + Y + K)."""
    grid = np.indices((2, 2, 2, 2)).reshape(4, -1).sum(axis=0)
    lab = [bytes((round(255 / 2 ** int(ink)), 128, 128)) for ink in grid]
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp * 4 + b"".join(lab) + ramp * 3
    return _profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": lut, b"wtpt": _xyz((0.9642, 1, 0.8249))})
