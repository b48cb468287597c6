"""What is done once, before the first visitor."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from emotion.app.logs import configure_logs
from emotion.app.server.connections import raise_descriptor_limit
from emotion.app.streamlit_patches.uploads import keep_uploads_in_memory
from emotion.app.work import start_workers, stop_workers
from emotion.imaging.formats import restrict_pillow

_FEW = 2048
_SWITCH_S = 0.001
"""Longest time in seconds for which a thread that computes keeps the interpreter's lock from the
event loop; Python's own 5 ms add up over the threads of several visitors."""
_log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncGenerator[None]:
    """Prepares the process, and ends the workers with it."""
    configure_logs()
    sys.setswitchinterval(_SWITCH_S)
    descriptors = raise_descriptor_limit()
    if descriptors < _FEW:
        _log.warning(
            "Only %d files may be open; a public page needs `ulimit -n 65536`.", descriptors
        )
    restrict_pillow()
    keep_uploads_in_memory()
    start_workers()
    yield
    stop_workers()
