"""What is done once, before the first visitor."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from emotion.app.logs import configure_logs
from emotion.app.server.connections import raise_descriptor_limit
from emotion.app.streamlit_patches.uploads import keep_uploads_in_memory
from emotion.app.work import start_workers, stop_workers
from emotion.imaging.formats import restrict_pillow

_FEW = 2048
_log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncGenerator[None]:
    """Prepares the process, and ends the workers with it."""
    configure_logs()
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
