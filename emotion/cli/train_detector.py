"""``emotion train-detector``: trains a face detector, resuming where a run was stopped."""

from __future__ import annotations

import argparse
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.cli.console import quiet_tensorflow, usage_error
from emotion.cli.options import positive_int, positive_number
from emotion.cli.progress import Progress
from emotion.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emotion.training.detector.config import DetectorConfig
    from emotion.training.detector.data import Picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with train.jsonl and train-NN.tar"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE.toml", help="settings; other options override them"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints go below here")
    parser.add_argument(
        "--start-from",
        metavar="DETECTOR",
        help="a detector's name or folder, for the first weights (yunet); by default random ones",
    )
    parser.add_argument(
        "--teacher",
        metavar="DETECTOR",
        help="a better detector's name or folder, for faces that the labels lack (hybrid)",
    )
    parser.add_argument("--epochs", type=positive_int, help="passes over the pictures")
    parser.add_argument("--batch-size", type=positive_int, help="pictures in a step")
    parser.add_argument("--side", type=positive_int, help="side of the training crops in px")
    parser.add_argument("--learning-rate", type=positive_number, help="its peak")
    parser.add_argument("--limit", type=positive_int, help="only the first N pictures")
    parser.add_argument("--seed", type=int, help="of every random number (default 0)")


def run(options: argparse.Namespace) -> int:
    """Trains, exports and writes the card."""
    quiet_tensorflow()
    import cv2

    from emotion.models.spec import model_folder
    from emotion.training.common.publish import copy_run_files
    from emotion.training.common.run_folder import HISTORY
    from emotion.training.detector import card, plots
    from emotion.training.detector.data import digest, read_pictures, split_validation
    from emotion.training.detector.export import export_detector
    from emotion.training.detector.trainer import DetectorTrainer

    cv2.setNumThreads(1)  # leave the cores to TensorFlow; batches are made beside its steps
    config = _config(options)
    say = partial(print, flush=True)
    say(f"reading {options.data}")
    with closing(Progress("pictures")) as progress:
        pictures = list(
            read_pictures(options.data, "train", limit=options.limit, progress=progress)
        )
    training, validation = split_validation(pictures, config.validation, config.seed)
    if len(training) < config.batch_size:
        raise DataError(
            f"{options.data} has {len(training)} training pictures; at least "
            f"{config.batch_size} are needed (or a smaller --batch-size)."
        )
    say(f"{len(training)} training pictures, {len(validation)} for validation")
    record: dict[str, Any] = {}
    if options.teacher:
        training, record = _with_teacher(training, options.teacher, options.start_from)
        say("{pseudo_labels} pseudo-labels, {hard_negatives} hard negatives".format_map(record))
    folder = options.runs / options.out.name
    data = {"sha256": digest(options.data, "train"), "pictures": len(pictures)}
    trainer = DetectorTrainer(
        config, training, validation, folder, data=data, report=say,
        start_from=model_folder(options.start_from) if options.start_from else None,
        record=record,
    )  # fmt: skip
    export_detector(trainer.run(), options.out, config.network, validation)
    copy_run_files(folder, options.out)
    plots.history(options.out / HISTORY, options.out / "history.png")
    card.write(options.out)
    say(f"wrote {options.out}")
    return 0


def _with_teacher(
    pictures: Sequence[Picture], teacher_name: str, start_from: str | None
) -> tuple[list[Picture], dict[str, Any]]:
    """Pictures with pseudo-labels and hard negatives, and the run record's entries on them."""
    from emotion.detection import load_detector
    from emotion.training.detector.pseudo_labels import (
        add_hard_negatives,
        add_pseudo_labels,
        count_added,
        teacher_origin,
    )

    teacher = load_detector(teacher_name)
    with closing(Progress("pseudo-labels")) as progress:
        result = add_pseudo_labels(pictures, teacher, progress=progress)
    if start_from:
        with closing(Progress("hard negatives")) as progress:
            result = add_hard_negatives(result, load_detector(start_from), progress=progress)
    record = {"teacher": teacher_origin(teacher_name, teacher)}
    return result, record | count_added(pictures, result)


def _config(options: argparse.Namespace) -> DetectorConfig:
    """The settings of the file, overridden by those of the command line."""
    from emotion.training.common.settings import read_settings
    from emotion.training.detector.config import DetectorConfig

    try:
        settings = read_settings(options.config, DetectorConfig) if options.config else {}
    except ValueError as error:
        usage_error(f"--config {error}")
    names = ("epochs", "batch_size", "side", "learning_rate", "seed")
    given = {name: getattr(options, name) for name in names}
    settings |= {name: value for name, value in given.items() if value is not None}
    return DetectorConfig(**settings)
