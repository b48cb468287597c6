"""``emotion evaluate``: evaluates a classifier on a labelled split."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import closing
from pathlib import Path

from emotion.cli.console import usage_error
from emotion.cli.options import add_model_arguments, positive_int
from emotion.cli.progress import Progress
from emotion.cli.reading import add_data_arguments, format_of, read_sets
from emotion.errors import DataError
from emotion.models.spec import model_folder, read_spec

SAMPLE = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_model_arguments(parser)
    add_data_arguments(parser)
    parser.add_argument(
        "--split", default="PrivateTest", help="Training, PublicTest or PrivateTest (default)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for eval.json, the reports and the plots"
    )
    parser.add_argument("--quick", action="store_true", help="leave out robustness and detector")
    parser.add_argument(
        "--sample", type=positive_int, default=SAMPLE, metavar="N",
        help=f"faces of a set that the detector is run on (default {SAMPLE})",
    )  # fmt: skip
    parser.add_argument(
        "--sheets", type=Path, metavar="DIR",
        help="folder for the contact sheets of errors (default: --out; none for the model's own "
        "folder, which is published)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Writes eval.json, the reports and the plots, prints the protocols."""
    from emotion.training.expression.evaluation import card_tables
    from emotion.training.expression.evaluation.evaluate import evaluate

    spec = read_spec(model_folder(options.model))
    if options.head is not None and options.head not in spec.heads:
        usage_error(f"--head expects one of {', '.join(spec.heads)}, got {options.head!r}")
    form = format_of(spec)
    faces, *also = read_sets(options, lambda text: print(text, file=sys.stderr), form)
    if not len(faces.subset(options.split)):
        raise DataError(f"{options.data} has no faces in the split {options.split}.")
    with closing(Progress("faces, percent")) as progress:
        result = evaluate(
            options.model,
            faces,
            options.split,
            options.out,
            also=also,
            head=options.head,
            quick=options.quick,
            sample=options.sample,
            sheets=options.sheets,
            command=_command(options),
            num_threads=options.threads,
            progress=lambda fraction: progress(round(fraction * 100), 100),
        )
    print(card_tables.figures_table(result))
    if also:
        print(f"\n{card_tables.heads_table(result)}")
    for table in (card_tables.robustness_table(result), card_tables.detector_table(result)):
        if table:
            print(f"\n{table}")
    print("\n".join(card_tables.notes(result)), file=sys.stderr)
    print(f"wrote {options.out}", file=sys.stderr)
    return 0


def _command(options: argparse.Namespace) -> str:
    """The command line, without the data's folders on this machine."""
    argv = ["python", "-m", "emotion", "evaluate"]
    for name in ("model", "head", "data", "ferplus", "also", "uncropped", "groups", "split", "out"):
        value = getattr(options, name)
        values = value if isinstance(value, list) else [value]
        for each in values:
            if each is not None:
                argv += [
                    f"--{name}",
                    _bare(str(each))
                    if name in ("data", "ferplus", "also", "groups")
                    else str(each),
                ]
    if options.quick:
        argv.append("--quick")
    elif options.sample != SAMPLE:
        argv += ["--sample", str(options.sample)]
    return shlex.join(argv)


def _bare(data: str) -> str:
    """A data set's argument without its folder: NAME:HEAD=FILE."""
    names, equals, path = data.partition("=")
    if equals and all(part.isidentifier() for part in names.split(":")):
        return f"{names}={Path(path).name}"
    return Path(data).name
