"""Work done ahead, in a thread of its own, while its last result is still being used."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], most: int = 2) -> Generator[Item]:
    """The same items in their order, made by another thread, ``most`` of them ahead at most.

    An error comes behind the items that were made before it. Closed early, it waits for the item
    in work; ``items`` is then not in use any more, and stays open.
    """
    made, end = iter(items), object()
    begun: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            begun.extend(thread.submit(next, made, end) for _ in range(most))
            while (item := begun.popleft().result()) is not end:
                begun.append(thread.submit(next, made, end))
                yield item
        finally:
            for future in begun:
                future.cancel()
