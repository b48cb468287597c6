"""The worker that processes only the latest item."""

from __future__ import annotations

import threading
import time
from functools import partial

from emotion.live.latest_worker import LatestItemWorker
from tests.unit.test_live_processor import wait_until


def test_the_thread_ends_with_the_stream() -> None:
    handled: list[int] = []
    worker = LatestItemWorker(handled.append, name="ends-with-the-stream")
    worker.offer(1)
    wait_until(lambda: handled == [1])
    worker.close()
    worker.offer(2)
    wait_until(lambda: "ends-with-the-stream" not in {t.name for t in threading.enumerate()})
    assert handled == [1]


def test_workers_that_share_slots_take_turns_with_their_latest_items() -> None:
    slots, go_on = threading.Semaphore(), threading.Event()
    handled: list[int] = []

    def handle(item: int) -> None:
        handled.append(item)
        go_on.wait(10)

    first = LatestItemWorker(handle, name="first-of-slots", slots=slots)
    second = LatestItemWorker(handle, name="second-of-slots", slots=slots)
    first.offer(1)
    wait_until(lambda: handled == [1])
    for item in (2, 3, 4):
        second.offer(item)
        time.sleep(0.02)
    assert handled == [1]
    go_on.set()
    wait_until(lambda: handled == [1, 4])
    for worker in (first, second):
        worker.close()


def test_an_idle_thread_ends_and_comes_back() -> None:
    handled: list[int] = []
    worker = LatestItemWorker(handled.append, name="idle-thread", idle_s=0.05)
    for item in (1, 2):
        worker.offer(item)
        wait_until(partial(handled.__contains__, item))
        wait_until(lambda: "idle-thread" not in {t.name for t in threading.enumerate()})
    assert handled == [1, 2]
