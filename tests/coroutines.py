"""Running a coroutine in a test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_coroutine(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs it in a thread: Playwright's event loop stays in this one after a browser test."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
