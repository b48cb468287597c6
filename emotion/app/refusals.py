"""Counts what the server refused, for the operator's metrics; safe to use from several threads."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal

Reason = Literal["foreign_origin", "connections", "upload_quota", "webcam_offer", "server_full"]
"""A WebSocket of another page; one too many; an upload beyond a quota; an offer that is none; a
live stream beyond the limit."""

_lock = threading.Lock()
_counts: Counter[Reason] = Counter()


def count_refusal(reason: Reason) -> None:
    """Counts one."""
    with _lock:
        _counts[reason] += 1


def refusals() -> dict[Reason, int]:
    """Reason -> how many since the start."""
    with _lock:
        return dict(_counts)
