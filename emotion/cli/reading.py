"""What the commands that read data sets share: their options, and what they say of the problems."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotion.training.data.faces import LabelledFaces


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that name the data sets."""
    parser.add_argument(
        "--data",
        required=True,
        help="fer2013.csv (.gz, .xz), a folder or .tar of faces; HEAD=PATH for another labelling "
        "(ckplus=ckextended.csv)",
    )
    parser.add_argument("--ferplus", type=Path, help="fer2013new.csv, the FER+ votes")
    parser.add_argument(
        "--also",
        metavar="HEAD=PATH",
        action="append",
        default=[],
        help="another set, with a head of its own (rafdb=rafdb-train.tar)",
    )


def read_sets(options: argparse.Namespace, say: Callable[[str], None]) -> list[LabelledFaces]:
    """The sets that the options name; what was left out of them is told on stderr."""
    from emotion.training.data import read_faces

    sets = []
    for data, votes in [(options.data, options.ferplus), *((also, None) for also in options.also)]:
        say(f"reading {data}")
        sets.append(read_faces(data, votes))
        tell_problems(sets[-1])
    return sets


def tell_problems(faces: LabelledFaces) -> None:
    """Says on stderr what was left out while the faces were read; nothing if all are there."""
    from emotion.training.data import problems

    for line in problems.lines(faces.problems):
        print(f"{faces.head}: {line}", file=sys.stderr)
