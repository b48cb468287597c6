"""``emotion ensemble``: combines several models into one that works like any other."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from emotion.cli.console import quiet_tensorflow
from emotion.cli.options import check_default_head
from emotion.cli.reading import add_data_arguments, read_sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("models", nargs="+", metavar="MODEL", help="the members, under models/")
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")
    parser.add_argument("--default-head", help="the head that is used by default")


def run(options: argparse.Namespace) -> int:
    """Builds, calibrates and exports the ensemble."""
    quiet_tensorflow()
    from emotion.models.spec import RUN_FILE, model_folder
    from emotion.training.expression.data.faces import FaceFormat, validation_split
    from emotion.training.expression.ensemble import ensemble_of, members_record
    from emotion.training.expression.evaluation import card
    from emotion.training.expression.export import export_keras

    folders = [model_folder(name) for name in options.models]
    model, heads = ensemble_of(folders)
    check_default_head(options.default_head, heads)
    _, height, width, channels = model.input_shape
    form = FaceFormat(size=(height, width), channels=channels)
    sets = read_sets(options, print, form)
    validation = [validation_split(each, among=sets) for each in sets]
    export_keras(
        model,
        options.out,
        arch="ensemble",
        heads=heads,
        validation=validation,
        default_head=options.default_head,
    )
    record = {"members": members_record(folders)}
    (options.out / RUN_FILE).write_text(json.dumps(record, indent=2) + "\n")
    card.write(options.out)
    print(f"wrote {options.out}")
    return 0
