"""Options and messages of the commands that read data sets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.console import usage_error
from emotion.models.spec import ModelSpec

if TYPE_CHECKING:
    from emotion.training.expression.data.faces import FaceFormat, LabelledFaces
    from emotion.training.expression.data.reading import SetOptions


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options for data sets."""
    parser.add_argument(
        "--data",
        required=True,
        help="fer2013.csv (.gz, .xz), a folder of faces, or a .zip or .tar(.gz) of either; "
        "HEAD=PATH for another labelling (ckplus=ckextended.csv)",
    )
    parser.add_argument("--ferplus", type=Path, help="fer2013new.csv, the FER+ votes")
    parser.add_argument(
        "--also",
        metavar="[NAME:]HEAD=PATH",
        action="append",
        default=[],
        help="another set, with a head of its own (rafdb=rafdb-train.tar) or that of another set "
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
        help="which pictures of this set belong in the same split: a CSV with the columns "
        "picture and group; a regular expression with one group, searched in a picture's path; "
        "or the .json of a face recognition network",
    )
    parser.add_argument(
        "--labels",
        metavar="NAME=ORDER",
        action="append",
        default=[],
        help="what the label numbers of this set mean: affectnet, rafdb, fer2013 or ckplus, or the "
        "names from 0 on (neutral,happy,...), or with numbers (1=surprise,2=fear,...)",
    )


def read_sets(
    options: argparse.Namespace, report: Callable[[str], None], form: FaceFormat | None = None
) -> list[LabelledFaces]:
    """Reads the data sets and reports their problems on stderr.

    Args:
        options: Options of ``add_data_arguments``.
        report: Called with each progress message.
        form: Format of the faces; FER2013's by default.
    """
    from emotion.training.expression.data import read_faces
    from emotion.training.expression.data.faces import FER2013_FORMAT

    reading = _set_options(options)
    sets = []
    for data, votes in [(options.data, options.ferplus), *((also, None) for also in options.also)]:
        report(f"reading {data}")
        sets.append(read_faces(data, votes, form=form or FER2013_FORMAT, options=reading))
        report_problems(sets[-1])
    for name in sorted(set(reading) - {faces.name for faces in sets}):
        usage_error(f"--uncropped, --groups and --labels: there is no set {name!r}")
    return sets


def format_of(spec: ModelSpec) -> FaceFormat:
    """The format of a model's faces."""
    from emotion.training.expression.data.faces import FaceFormat

    return FaceFormat.of_model(spec)


def _set_options(options: argparse.Namespace) -> dict[str, SetOptions]:
    """Name of a set -> its options."""
    from emotion.training.expression.data.grouping import GroupRule
    from emotion.training.expression.data.labels import parse_order
    from emotion.training.expression.data.reading import SetOptions

    found = {name: SetOptions(uncropped=True) for name in options.uncropped}
    for given in options.groups:
        name, equals, rule = given.partition("=")
        if not equals:
            usage_error(f"--groups expects NAME=RULE, got {given!r}")
        found[name] = replace(found.get(name, SetOptions()), grouping=GroupRule.parse(rule))
    for given in options.labels:
        name, equals, text = given.partition("=")
        if not equals:
            usage_error(f"--labels expects NAME=ORDER, got {given!r}")
        found[name] = replace(found.get(name, SetOptions()), order=parse_order(text))
    return found


def report_problems(faces: LabelledFaces) -> None:
    """Reports on stderr what was left out of a data set, if anything."""
    from emotion.training.expression.data import problems

    for line in problems.lines(faces.problems):
        print(f"{faces.name}: {line}", file=sys.stderr)
