"""Prefetching: make the next items in a background thread while the last one is in use."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")


def prefetch(items: Iterable[Item], depth: int = 2) -> Generator[Item]:
    """The same items in the same order, made by one background thread.

    An exception raised by ``items`` is raised here, after the items made before it. Closing the
    generator early waits for the item being made and cancels the rest; ``items`` itself stays open.

    Args:
        items: Iterated in the background thread only.
        depth: Most items that are made or being made ahead of the consumer.

    Example:
        with contextlib.closing(prefetch(decode(path))) as frames:
            for frame in frames:
                analyze(frame)
    """
    iterator, end = iter(items), object()
    pending: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        try:
            pending.extend(thread.submit(next, iterator, end) for _ in range(depth))
            while (item := pending.popleft().result()) is not end:
                pending.append(thread.submit(next, iterator, end))
                yield item
        finally:
            for future in pending:
                future.cancel()
