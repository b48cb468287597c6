"""``emotion train``: a model from labelled faces, resumed where it was stopped."""

from __future__ import annotations

import argparse
import os
import shutil
from functools import partial
from pathlib import Path

from emotion.cli.common import usage_error
from emotion.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "--data", required=True, help="fer2013.csv (.gz, .xz) or [HEAD=]a folder or .tar of faces"
    )
    parser.add_argument("--ferplus", type=Path, help="fer2013new.csv, the FER+ votes")
    parser.add_argument(
        "--also",
        metavar="HEAD=PATH",
        action="append",
        default=[],
        help="another set, with a head of its own (rafdb=rafdb-train.tar)",
    )
    parser.add_argument("--arch", default="se_resnet", help="the architecture (default se_resnet)")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints go below here")
    parser.add_argument(
        "--start-from", metavar="MODEL", help="a model whose weights are the first ones"
    )
    parser.add_argument("--epochs", type=int, help="passes over the data")
    parser.add_argument("--learning-rate", type=float, help="its peak")
    parser.add_argument("--full-size", action="store_true", help="no smaller pictures at first")
    parser.add_argument("--batch-size", type=int, help="faces of one step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--default-head", help="the head that answers by default")


def run(options: argparse.Namespace) -> int:
    """Trains, exports and writes the card."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings
    from emotion.spec import model_folder
    from emotion.training import card, plots
    from emotion.training.architectures import ARCHITECTURES
    from emotion.training.config import RUN_FILE, TrainingConfig
    from emotion.training.data import read_faces
    from emotion.training.export import export_model
    from emotion.training.faces import choosing_faces, without_copies
    from emotion.training.trainer import Trainer

    if options.arch not in ARCHITECTURES:
        usage_error(f"--arch expects one of {', '.join(ARCHITECTURES)}, got {options.arch!r}")
    given = {
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "stages": ((1.0, TrainingConfig.input_size[0]),) if options.full_size else None,
    }
    config = TrainingConfig(
        arch=options.arch,
        seed=options.seed,
        **{name: value for name, value in given.items() if value is not None},
    )
    say = partial(print, flush=True)
    faces = []
    for data, votes in [(options.data, options.ferplus), *((also, None) for also in options.also)]:
        say(f"reading {data}")
        faces.append(read_faces(data, votes))
    training = [without_copies(each) for each in faces]
    validation = [choosing_faces(each) for each in faces]
    for rows, choice in zip(training, validation, strict=True):
        if len(rows) < config.batch_size or not len(choice):
            raise DataError(
                f"{rows.source} has {len(rows)} training and {len(choice)} validation faces; "
                f"at least {config.batch_size} and 1 are needed (or a smaller --batch-size)."
            )
        say(f"{rows.head}: {len(rows)} training faces without copies, {len(choice)} to choose on")
    folder = options.runs / options.out.name
    start = model_folder(options.start_from) if options.start_from else None
    trainer = Trainer(config, training, validation, folder, say, start)
    best = trainer.run()
    export_model(
        best,
        options.out,
        arch=config.arch,
        heads=trainer.heads,
        input_size=config.input_size,
        validation=validation,
        default_head=options.default_head,
    )
    for name in (RUN_FILE, "history.csv"):
        shutil.copyfile(folder / name, options.out / name)
    plots.history(options.out / "history.csv", options.out / "history.png")
    card.write(options.out)
    say(f"wrote {options.out}")
    return 0
