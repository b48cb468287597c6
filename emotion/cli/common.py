"""What several commands share: model options, progress, and tables as files."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from emotion.analyzer import Analyzer, load_analyzer
from emotion.table import COLUMNS, Row, write_csv

TABLE_SUFFIXES = (".csv", ".json", ".parquet")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose the model and its head."""
    parser.add_argument("--model", help="a name or folder under models/ (default: the default one)")
    parser.add_argument("--head", help="whose labelling answers, e.g. fer2013 or ferplus")
    parser.add_argument(
        "--threads", type=positive_int, default=1, help="threads of one call (default 1)"
    )


def analyzer_of(options: argparse.Namespace) -> Analyzer:
    """The analyzer that the options ask for; wrong usage ends the program with code 2."""
    try:
        with _quiet_native_code():
            return load_analyzer(options.model, head=options.head, num_threads=options.threads)
    except ValueError as error:
        usage_error(str(error))


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


def printable(path: Path) -> str:
    """The path as text that any file takes, also where its bytes are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def table_path(text: str) -> Path:
    """An argparse type: a path whose ending names a table format."""
    path = Path(text)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"expected a name ending in {', '.join(TABLE_SUFFIXES)}, got {text!r}"
        )
    return path


def write_table(rows: Sequence[Row], path: Path) -> None:
    """Writes the rows as CSV, JSON or Parquet, by the path's ending; the file appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    if path.suffix.lower() == ".csv":
        with open(partial, "w", newline="", encoding="utf-8") as file:
            write_csv(rows, file)
    elif path.suffix.lower() == ".json":
        partial.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    else:
        _write_parquet(rows, partial)
    partial.replace(path)


def _write_parquet(rows: Sequence[Row], path: Path) -> None:
    import pyarrow as pa  # a quarter of a second; only this format needs it
    import pyarrow.parquet as pq

    kinds = {"source": pa.string(), "label": pa.string(), "frame": pa.int64(), "track": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in COLUMNS])
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


class Progress:
    """A line on a terminal's stderr that is written over; silent when piped."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._started = time.monotonic()

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
        rate = done / max(now - self._started, 1e-6)
        left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
        count = f"{done}/{total}" if total else str(done)
        print(f"\r{self._name} {count}  {rate:.1f}/s{left}   ", end="", file=sys.stderr, flush=True)
