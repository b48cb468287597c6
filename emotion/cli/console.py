"""What commands print on stderr, and what they keep from being printed there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from emotion.cli.progress import print_above_progress


def usage_error(message: str) -> NoReturn:
    """Prints the message on stderr and exits with code 2, wrong usage."""
    print(f"emotion: {message}", file=sys.stderr)
    raise SystemExit(2)


def report_failure(name: str, problem: str | None) -> int:
    """Names a failed input on stderr.

    Args:
        name: The input as the table names it.
        problem: A sentence about what was wrong with it; None if nothing was.

    Returns:
        How many inputs failed, 0 or 1, to be summed up.
    """
    if problem is None:
        return 0
    print_above_progress(f"{name}: {problem}", file=sys.stderr)
    return 1


@contextmanager
def quiet_native_code() -> Iterator[None]:
    """Keeps off stderr what LiteRT's C++ code prints when it loads, which no option turns off."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def quiet_tensorflow() -> None:
    """Turns off TensorFlow's start-up log; call it before TensorFlow is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
