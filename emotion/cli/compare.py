"""``emotion compare``: several evaluated models side by side."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from emotion.cli.console import quiet_tensorflow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "models", nargs="+", metavar="MODEL", help="names or folders of models under models/"
    )
    parser.add_argument("--out", type=Path, help="folder for compare.csv, .md and .png")
    parser.add_argument(
        "--repeats", type=int, default=60, help="runs of one face for its time (default 60)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the table and, if asked, writes it."""
    quiet_tensorflow()
    import numpy as np

    from emotion.benchmarking.timing import time_step
    from emotion.expression.classifier import Classifier
    from emotion.models.spec import model_folder, read_spec
    from emotion.training.common.keras_models import load_keras
    from emotion.training.expression.evaluation import compare

    folders = [model_folder(name) for name in options.models]
    evaluations = [compare.read_evaluation(folder) for folder in folders]
    compare.check_same_data(list(zip(map(str, options.models), evaluations, strict=True)))
    models = []
    for folder, figures in zip(folders, evaluations, strict=True):
        spec = read_spec(folder)
        classifier = Classifier(folder, num_threads=1)
        face = np.full(spec.input_size, 128, np.uint8)
        time = time_step(partial(classifier.classify, [face]), options.repeats)
        models.append(
            compare.Model(
                folder=folder,
                spec=spec,
                figures=figures,
                parameters=load_keras(folder).count_params(),
                classify_ms=time["median_ms"],
            )
        )
    rows = compare.table(models)
    print(compare.text_table(models, rows))
    if options.out:
        compare.write(models, rows, options.out)
        print(f"wrote {options.out}", file=sys.stderr)
    return 0
