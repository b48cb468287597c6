"""``emotion fit-detector``: fits how the hybrid detector weighs the scores of its networks."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from emotion.cli.options import positive_int
from emotion.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with train.jsonl and train-NN.tar"
    )
    parser.add_argument("--limit", type=positive_int, help="only the first N pictures")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for fusion.json, models/hybrid"
    )


def run(options: argparse.Namespace) -> int:
    """Writes fusion.json."""
    from emotion.detection.score_fusion import FUSION_FILE
    from emotion.training.detector.data import read_pictures
    from emotion.training.detector.fit_fusion import fit

    pictures = list(read_pictures(options.data, "train", limit=options.limit))
    with closing(Progress("pictures")) as progress:
        fusion = fit(pictures, progress=lambda done: progress(done, len(pictures)))
    options.out.mkdir(parents=True, exist_ok=True)
    fusion = replace(fusion, command=_command(options))
    (options.out / FUSION_FILE).write_text(fusion.to_json())
    print(f"wrote {options.out / FUSION_FILE}", file=sys.stderr)
    return 0


def _command(options: argparse.Namespace) -> str:
    """The command line without this machine's folders."""
    argv = ["python", "-m", "emotion", "fit-detector", "--data", options.data.name]
    if options.limit:
        argv += ["--limit", str(options.limit)]
    return shlex.join([*argv, "--out", str(options.out)])
