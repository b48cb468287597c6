"""``emotion evaluate-detector``: metrics of face detectors on labelled images."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import closing
from pathlib import Path

from emotion.cli.options import positive_int
from emotion.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "--detector",
        default="hybrid",
        help="hybrid (default), blazeface, yunet, haar, or another name or folder under models/",
    )
    parser.add_argument(
        "--peer", action="append", default=[], help="another detector to measure beside it"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with SPLIT.jsonl and SPLIT-NN.tar"
    )
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=positive_int, help="only the first N pictures")
    parser.add_argument(
        "--threads", type=positive_int, default=1, help="threads of one call (default 1)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for eval.json and the plots"
    )


def run(options: argparse.Namespace) -> int:
    """Writes eval.json and the plots, and prints the table."""
    from emotion.training.detector.baselines import load_measured
    from emotion.training.detector.card import figures_table
    from emotion.training.detector.data import digest, read_pictures
    from emotion.training.detector.evaluate import evaluate

    names = list(dict.fromkeys([options.detector, *options.peer]))
    detectors = {name: load_measured(name, num_threads=options.threads) for name in names}
    pictures = list(read_pictures(options.data, options.split, limit=options.limit))
    about = {
        "command": _command(options),
        "served_sha256": detectors[options.detector].digest,
        "data": {"split": options.split, "sha256": digest(options.data, options.split)},
    }
    with closing(Progress("pictures")) as progress:
        result = evaluate(
            {Path(name).name: detector for name, detector in detectors.items()},
            pictures,
            options.out,
            about=about,
            progress=progress,
        )
    print(figures_table(result))
    print(f"wrote {options.out}", file=sys.stderr)
    return 0


def _command(options: argparse.Namespace) -> str:
    """The command line without this machine's folders."""
    argv = ["python", "-m", "emotion", "evaluate-detector", "--detector", options.detector]
    for peer in options.peer:
        argv += ["--peer", Path(peer).name]
    argv += ["--data", options.data.name, "--split", options.split, "--out", str(options.out)]
    if options.limit:
        argv += ["--limit", str(options.limit)]
    return shlex.join(argv)
