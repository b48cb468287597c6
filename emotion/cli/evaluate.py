"""``emotion evaluate``: a model's figures on a labelled split."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import closing
from pathlib import Path

from emotion.cli.common import Progress, add_model_arguments, usage_error
from emotion.errors import DataError
from emotion.spec import model_folder, read_spec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model_arguments(parser)
    parser.add_argument("--data", required=True, help="fer2013.csv or a folder of faces")
    parser.add_argument("--ferplus", type=Path, help="fer2013new.csv, the FER+ votes")
    parser.add_argument(
        "--split", default="PrivateTest", help="Training, PublicTest or PrivateTest (default)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for eval.json and the plots"
    )


def run(options: argparse.Namespace) -> int:
    """Writes eval.json and the plots, prints the protocols."""
    from emotion.training import card
    from emotion.training.data import read_faces
    from emotion.training.evaluate import evaluate

    faces = read_faces(options.data, options.ferplus)
    spec = read_spec(model_folder(options.model))
    if options.head is not None and options.head not in spec.heads:
        usage_error(f"--head expects one of {', '.join(spec.heads)}, got {options.head!r}")
    if not len(faces.part(options.split)):
        raise DataError(f"{options.data} has no faces in the split {options.split}.")
    with closing(Progress("faces, percent")) as progress:
        result = evaluate(
            options.model,
            faces,
            options.split,
            options.out,
            head=options.head,
            command=_command(options),
            num_threads=options.threads,
            progress=lambda fraction: progress(round(fraction * 100), 100),
        )
    print(card.figures_table(result))
    print(f"wrote {options.out}", file=sys.stderr)
    return 0


def _command(options: argparse.Namespace) -> str:
    """The command line without the place of the data on this machine."""
    words = ["python", "-m", "emotion", "evaluate"]
    for name in ("model", "head", "data", "ferplus", "split", "out"):
        value = getattr(options, name)
        if value is not None:
            words += [f"--{name}", Path(value).name if name in ("data", "ferplus") else str(value)]
    return shlex.join(words)
