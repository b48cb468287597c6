"""``emotion data``: checks, counts and draws data sets before anything is trained on them."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.console import usage_error
from emotion.cli.reading import add_data_arguments, read_sets

if TYPE_CHECKING:
    from emotion.training.expression.augmentation import Augmentation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for data.json, samples.png and classes.png"
    )
    parser.add_argument(
        "--augmentation", action="store_true", help="also draw augmentation.png: what each does"
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE.toml",
        help="train's settings, whose [augmentation] is drawn",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the statistics and sheets; the exit code is 1 if rows or pictures are at fault."""
    from emotion.training.expression.data import problems, sheets
    from emotion.training.expression.data.statistics import as_text, statistics_of

    config = _augmentation(options.config)
    sets = read_sets(options, partial(print, file=sys.stderr, flush=True))
    statistics = statistics_of(sets)
    print(as_text(statistics))
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(statistics, indent=1) + "\n"
    (options.out / "data.json").write_text(text, encoding="utf-8")
    sheets.samples(sets, options.out / "samples.png")
    sheets.histogram(statistics, options.out / "classes.png")
    if options.augmentation or options.config:
        sheets.augmentations(sheets.example(sets[0]), config, options.out / "augmentation.png")
    print(f"wrote {options.out}", file=sys.stderr)
    kinds = {problem.kind for faces in sets for problem in faces.problems}
    return 1 if kinds - problems.BY_RULE else 0


def _augmentation(path: Path | None) -> Augmentation:
    from emotion.training.common.settings import read_settings
    from emotion.training.expression.config import TrainingConfig

    try:
        return TrainingConfig(**(read_settings(path, TrainingConfig) if path else {})).augmentation
    except ValueError as error:
        usage_error(f"--config {error}")
