"""``emotion benchmark``: time and memory of each stage on this machine."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from emotion.benchmarking import report
from emotion.cli.options import add_model_arguments, analyzer_of, choice_of
from emotion.samples import SAMPLES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--photo", type=Path, default=SAMPLES[0].path, help="a photo with a face")
    parser.add_argument("--repeats", type=int, default=60, help="runs of each stage (default 60)")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the tables and writes the JSON."""
    choice = asdict(choice_of(options))
    measured = report.measure(
        partial(analyzer_of, options),
        options.photo,
        model_options=[f"--{name}={value}" for name, value in choice.items() if value is not None],
        threads=options.threads,
        repeats=options.repeats,
    )
    print(report.as_text(measured))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0
