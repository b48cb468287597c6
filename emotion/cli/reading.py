"""What the commands that read data sets share: their options, and what they say of the problems."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.common import usage_error
from emotion.models.spec import ModelSpec

if TYPE_CHECKING:
    from emotion.training.expression.data.faces import FaceFormat, LabelledFaces
    from emotion.training.expression.data.reading import SetOptions


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
        metavar="[NAME:]HEAD=PATH",
        action="append",
        default=[],
        help="another set, with a head of its own (rafdb=rafdb-train.tar) or one that it shares "
        "(ckplus:rafdb=ckplus-train.tar)",
    )
    parser.add_argument(
        "--uncropped",
        metavar="NAME",
        action="append",
        default=[],
        help="the pictures of this set are photos: the detector finds and crops the face",
    )
    parser.add_argument(
        "--groups",
        metavar="NAME=RULE",
        action="append",
        default=[],
        help="what stays on one side of a split of this set: a CSV with the columns picture and "
        "group; a regular expression with one group, searched in a picture's path; or the .json of "
        "a face network, which tells the persons apart",
    )


def read_sets(
    options: argparse.Namespace, say: Callable[[str], None], form: FaceFormat | None = None
) -> list[LabelledFaces]:
    """The sets that the options name; what was left out of them is told on stderr.

    Args:
        options: With those of ``add_data_arguments``.
        say: Told what is read.
        form: What pictures are read as; FER2013's format by default.
    """
    from emotion.training.expression.data import read_faces
    from emotion.training.expression.data.faces import FER2013_FORMAT

    reading = _set_options(options)
    sets = []
    for data, votes in [(options.data, options.ferplus), *((also, None) for also in options.also)]:
        say(f"reading {data}")
        sets.append(read_faces(data, votes, form=form or FER2013_FORMAT, options=reading))
        report_problems(sets[-1])
    for name in sorted(set(reading) - {faces.name for faces in sets}):
        usage_error(f"--uncropped and --groups: there is no set {name!r}")
    return sets


def format_of(spec: ModelSpec) -> FaceFormat:
    """What faces are read as for a model."""
    from emotion.training.expression.data.faces import FaceFormat

    return FaceFormat(size=spec.input_size, channels=spec.channels)


def _set_options(options: argparse.Namespace) -> dict[str, SetOptions]:
    """Name of a set -> how its pictures are read."""
    from emotion.training.expression.data.grouping import GroupRule
    from emotion.training.expression.data.reading import SetOptions

    found = {name: SetOptions(uncropped=True) for name in options.uncropped}
    for given in options.groups:
        name, equals, rule = given.partition("=")
        if not equals:
            usage_error(f"--groups expects NAME=RULE, got {given!r}")
        found[name] = replace(found.get(name, SetOptions()), grouping=GroupRule.parse(rule))
    return found


def report_problems(faces: LabelledFaces) -> None:
    """Says on stderr what was left out while the faces were read; nothing if all are there."""
    from emotion.training.expression.data import problems

    for line in problems.lines(faces.problems):
        print(f"{faces.name}: {line}", file=sys.stderr)
