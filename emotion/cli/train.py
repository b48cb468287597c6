"""``emotion train``: trains a classifier, or resumes an interrupted run."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.console import quiet_tensorflow, usage_error
from emotion.cli.options import (
    check_default_head,
    non_negative_int,
    positive_int,
    positive_number,
)
from emotion.cli.reading import add_data_arguments, read_sets
from emotion.errors import DataError
from emotion.models.spec import model_folder, read_spec

if TYPE_CHECKING:
    from emotion.training.expression.config import TrainingConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_data_arguments(parser)
    parser.add_argument(
        "--arch", help="the architecture (default: that of --start-from's model, else se_resnet)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="settings; other options override them"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints go below here")
    parser.add_argument(
        "--start-from",
        metavar="MODEL",
        help="first weights: a model, a weights file, or the .json of a published network",
    )
    parser.add_argument(
        "--freeze-epochs",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="with --start-from: train only the heads for N epochs first",
    )
    parser.add_argument(
        "--teacher",
        metavar="MODEL",
        help="a model whose predictions are soft targets (distillation)",
    )
    parser.add_argument("--epochs", type=positive_int, help="passes over the data")
    parser.add_argument("--learning-rate", type=positive_number, help="peak learning rate")
    parser.add_argument("--full-size", action="store_true", help="no progressive resizing")
    parser.add_argument("--batch-size", type=positive_int, help="faces in a step")
    parser.add_argument("--seed", type=int, help="seed of all random numbers (default 0)")
    parser.add_argument("--default-head", help="the head that is used by default")


def run(options: argparse.Namespace) -> int:
    """Trains, exports and writes the card."""
    quiet_tensorflow()
    from emotion.training.common.publish import copy_run_files
    from emotion.training.common.run_folder import HISTORY
    from emotion.training.expression.architectures import ARCHITECTURES
    from emotion.training.expression.data.faces import FaceFormat, training_split, validation_split
    from emotion.training.expression.evaluation import card, plots
    from emotion.training.expression.export import export_model
    from emotion.training.expression.targets import heads_of
    from emotion.training.expression.trainer import Trainer

    config = _config(options)
    if options.freeze_epochs and not options.start_from:
        usage_error(
            "--freeze-epochs needs --start-from: without it, there are no weights worth freezing"
        )
    report = partial(print, flush=True)
    form = FaceFormat(size=config.input_size, channels=ARCHITECTURES[config.arch].channels)
    sets = read_sets(options, report, form)
    check_default_head(options.default_head, heads_of(sets))  # not after hours of training
    training = [training_split(each, among=sets) for each in sets]
    validation = [validation_split(each, among=sets) for each in sets]
    for rows, choice in zip(training, validation, strict=True):
        if len(rows) < config.batch_size or not len(choice):
            raise DataError(
                f"{rows.source} has {len(rows)} training and {len(choice)} validation faces; "
                f"at least {config.batch_size} and 1 are needed (or a smaller --batch-size)."
            )
        report(f"{rows.name}: {len(rows)} training faces, {len(choice)} for validation")
    folder = options.runs / options.out.name
    start = _start(options.start_from)
    if options.freeze_epochs:
        first = replace(config, epochs=options.freeze_epochs, frozen=True)
        start = Trainer(
            first, training, validation, folder / "heads", report, start_from=start
        ).run()
    teacher = model_folder(options.teacher) if options.teacher else None
    trainer = Trainer(
        config, training, validation, folder, report, start_from=start, teacher=teacher
    )
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
    copy_run_files(folder, options.out)
    plots.history(options.out / HISTORY, options.out / "history.png")
    card.write(options.out)
    report(f"wrote {options.out}")
    return 0


def _config(options: argparse.Namespace) -> TrainingConfig:
    """Settings of the command line over those of the file over those of the architecture."""
    from emotion.training.common.settings import read_settings
    from emotion.training.expression.architectures import ARCHITECTURES, settings_of
    from emotion.training.expression.config import TrainingConfig

    try:
        own = read_settings(options.config, TrainingConfig) if options.config else {}
    except ValueError as error:
        usage_error(f"--config {error}")
    arch = options.arch or own.get("arch") or _arch_of(options.start_from) or TrainingConfig.arch
    if arch not in ARCHITECTURES:
        usage_error(f"--arch expects one of {', '.join(ARCHITECTURES)}, got {arch!r}")
    settings = settings_of(arch) | own
    given = {
        "arch": arch,
        "seed": options.seed,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "stages": ((1.0, settings["input_size"][0]),) if options.full_size else None,
    }
    settings |= {name: value for name, value in given.items() if value is not None}
    try:
        return TrainingConfig(**settings)
    except ValueError as error:
        usage_error(str(error))


def _arch_of(start: str | None) -> str | None:
    """The architecture of the model that training starts from, if it is a model's folder."""
    folder = _start(start)
    return read_spec(folder).arch if folder is not None and folder.is_dir() else None


def _start(given: str | None) -> Path | None:
    """Path of the first weights: a file or a model's folder."""
    if given is None or Path(given).is_file():
        return Path(given) if given else None
    return model_folder(given)
