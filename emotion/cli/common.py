"""What several commands share: model options, kinds of arguments, progress."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from emotion.analyzer import Analyzer, load_analyzer
from emotion.models.spec import SERVED_FILE
from emotion.results.writers import TABLE_SUFFIXES


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose the model and its head."""
    parser.add_argument("--model", help="a name or folder under models/ (default: the default one)")
    parser.add_argument("--head", help="whose labelling answers, e.g. fer2013 or ferplus")
    parser.add_argument(
        "--detector", help="a name or folder too, a YuNet's .onnx file, or blazeface"
    )
    parser.add_argument(
        "--threads", type=positive_int, default=1, help="threads of one call (default 1)"
    )


@dataclass(frozen=True)
class ModelChoice:
    """Which model answers, as the options say it; fit to be sent to another process."""

    model: str | None
    head: str | None
    detector: str | None
    threads: int

    def load(self) -> Analyzer:
        """The analyzer; ``ModelError`` or, for a head that it lacks, ``ValueError``."""
        with _quiet_native_code():
            return load_analyzer(
                self.model, head=self.head, detector=self.detector, num_threads=self.threads
            )

    def settings(self, analyzer: Analyzer) -> dict[str, Any]:
        """What of it a row depends on."""
        return {
            "model": analyzer.spec.checksums.get(SERVED_FILE),
            "head": self.head,
            "detector": analyzer.detector_digest,
            "crop": asdict(analyzer.spec.crop),
        }


def choice_of(options: argparse.Namespace) -> ModelChoice:
    """The options' choice of a model."""
    return ModelChoice(options.model, options.head, options.detector, options.threads)


def analyzer_of(options: argparse.Namespace) -> Analyzer:
    """The analyzer that the options ask for; wrong usage ends the program with code 2."""
    try:
        return choice_of(options).load()
    except ValueError as error:
        usage_error(str(error))


def add_many_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of commands that work through many files."""
    parser.add_argument(
        "--jobs", type=positive_int, default=1, help="files worked on at a time (default 1)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where a run that was ended has stopped"
    )


@contextmanager
def _quiet_native_code() -> Iterator[None]:
    """Keeps LiteRT's greeting, which its C++ prints once and offers no switch for, off stderr."""
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
    """Spares the user TensorFlow's greetings; before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def usage_error(message: str) -> NoReturn:
    """Ends the program with code 2 and a sentence."""
    print(f"emotion: {message}", file=sys.stderr)
    raise SystemExit(2)


def positive_number(text: str) -> float:
    """An argparse type: a finite number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def positive_int(text: str) -> int:
    """An argparse type: a whole number above 0."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def non_negative_int(text: str) -> int:
    """An argparse type: a whole number, 0 or above."""
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or above, got {text!r}")
    return int(text)


def check_default_head(given: str | None, heads: Iterable[str]) -> None:
    """Ends the program with code 2 unless ``--default-head``, if given, is one of the heads."""
    known = list(heads)
    if given is not None and given not in known:
        usage_error(f"--default-head expects one of {', '.join(known)}, got {given!r}")


def printable(path: Path) -> str:
    """The path as text that any file takes, also where its bytes are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def table_path(text: str) -> Path:
    """A path whose ending names a table format; wrong usage ends the program with code 2."""
    path = Path(text)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        usage_error(f"--out expects a name ending in {', '.join(TABLE_SUFFIXES)}, got {text!r}")
    return path


def named(name: str, problem: str | None) -> int:
    """Names a bad input on stderr; how many there were, 0 or 1."""
    if problem is None:
        return 0
    print(f"{name}: {problem}", file=sys.stderr)
    return 1


def free_path(path: Path, suffix: str, taken: set[Path]) -> Path:
    """The path with another ending, numbered where another input of this run has taken it.

    The old ending stays in the name, or a.jpg and a.png would be one file.
    """
    free, number = path.with_name(path.name + suffix), 2
    while free in taken:
        free = path.with_name(f"{path.name}-{number}{suffix}")
        number += 1
    taken.add(free)
    return free


class Progress:
    """A line on a terminal's stderr that is written over; silent when piped."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._started = time.monotonic()
        self.skipped = 0
        """Of what is done, so much was done by an earlier run."""

    def close(self) -> None:
        """Leaves the line as it is, with what comes next below it."""
        if self._shown and self._last:
            print(file=sys.stderr)

    def __call__(self, done: int, total: int | None) -> None:
        """Shows how much is done, at most ten times a second."""
        now = time.monotonic()
        if not self._shown or (now - self._last < 0.1 and done != total):
            return
        self._last = now
        rate = (done - self.skipped) / max(now - self._started, 1e-6)
        left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
        count = f"{done}/{total}" if total else str(done)
        print(f"\r{self._name} {count}  {rate:.1f}/s{left}   ", end="", file=sys.stderr, flush=True)
