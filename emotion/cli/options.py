"""Options that several commands share, and the argparse types that check their values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotion.analyzer import Analyzer, load_analyzer
from emotion.cli.console import quiet_native_code, usage_error
from emotion.models.spec import SERVED_FILE
from emotion.results.writers import TABLE_SUFFIXES


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that choose the model, its head, the detector and the threads."""
    parser.add_argument("--model", help="a name or folder under models/ (default: the default one)")
    parser.add_argument("--head", help="output head to use, e.g. fer2013 or ferplus")
    parser.add_argument(
        "--detector",
        help="hybrid, blazeface, yunet, or another name or folder under models/",
    )
    parser.add_argument(
        "--threads", type=positive_int, default=1, help="threads of one call (default 1)"
    )


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of commands that process many files."""
    parser.add_argument(
        "--bom",
        action="store_true",
        help="begin CSV tables with a byte order mark: Excel then reads names beyond ASCII",
    )
    parser.add_argument(
        "--jobs", type=positive_int, default=1, help="files processed at a time (default 1)"
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was interrupted")


@dataclass(frozen=True)
class ModelChoice:
    """The models that the options name; picklable, so that worker processes can load them.

    Attributes:
        model: A name or folder under ``models/``; None for the default.
        head: Output head to use; None for the model's default head.
        detector: As of ``load_analyzer``; None for the default.
        threads: Threads of one inference call.
    """

    model: str | None
    head: str | None
    detector: str | None
    threads: int

    def load(self) -> Analyzer:
        """The analyzer.

        Raises:
            ModelError: There is no such model, or it cannot be loaded.
            ValueError: The model has no such head.
        """
        with quiet_native_code():
            return load_analyzer(
                self.model, head=self.head, detector=self.detector, num_threads=self.threads
            )

    def settings(self, analyzer: Analyzer) -> dict[str, Any]:
        """Everything about the models that a table's rows depend on, as JSON can hold it."""
        return {
            "model": analyzer.spec.checksums.get(SERVED_FILE),
            "head": self.head,
            "detector": analyzer.detector_digest,
            "crop": asdict(analyzer.spec.crop),
        }


def choice_of(options: argparse.Namespace) -> ModelChoice:
    """The models that the parsed options name."""
    return ModelChoice(options.model, options.head, options.detector, options.threads)


def analyzer_of(options: argparse.Namespace) -> Analyzer:
    """The analyzer that the options ask for; an unknown head exits with code 2."""
    try:
        return choice_of(options).load()
    except ValueError as error:
        usage_error(str(error))


def check_default_head(given: str | None, heads: Iterable[str]) -> None:
    """Exits with code 2 unless ``--default-head``, if given, is one of the heads."""
    known = list(heads)
    if given is not None and given not in known:
        usage_error(f"--default-head expects one of {', '.join(known)}, got {given!r}")


def table_path(text: str) -> Path:
    """``--out`` as a path whose suffix names a table format; exits with code 2 otherwise."""
    path = Path(text)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        usage_error(f"--out expects a name ending in {', '.join(TABLE_SUFFIXES)}, got {text!r}")
    return path


def check_bom(options: argparse.Namespace, table: str | None) -> None:
    """Exits with code 2 where ``--bom`` is given for a table that is no CSV."""
    other = table is not None and Path(table).suffix.lower() in set(TABLE_SUFFIXES) - {".csv"}
    if options.bom and (other or options.archive):
        usage_error("--bom is for CSV tables; leave it out, or name a .csv")


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
