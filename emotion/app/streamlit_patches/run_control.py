"""How Streamlit ends a run of the page: by an exception out of the next ``st`` call."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from streamlit.runtime.scriptrunner import RerunException


class Stoppable(Protocol):
    """Work that can be ended."""

    def stop(self) -> None:
        """Ends it."""
        ...


@contextmanager
def stopped_with_visit(work: Stoppable) -> Generator[None]:
    """Stops the work when this run ends early, unless another run follows, which continues it.

    Streamlit ends a run in which its visitor leaves, or asks for another one.
    """
    try:
        yield
    except RerunException:
        raise
    except BaseException:
        work.stop()
        raise
