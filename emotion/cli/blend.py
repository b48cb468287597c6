"""``emotion blend``: the head, or the blend of heads, that answers best on all sets together."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from emotion.cli.common import quiet_tensorflow
from emotion.cli.reading import add_data_arguments, format_of, read_sets

SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a name or folder under models/")
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")


def run(options: argparse.Namespace) -> int:
    """Chooses on the validation parts, and writes the model with that blend as its default."""
    quiet_tensorflow()
    from emotion.models.spec import model_folder, read_spec
    from emotion.training import blend
    from emotion.training.config import RUN_FILE, read_json
    from emotion.training.data.faces import choosing_faces
    from emotion.training.evaluation import card
    from emotion.training.export import export_keras
    from emotion.training.keras_models import load_keras, predict
    from emotion.training.run_folder import HISTORY

    source = model_folder(options.model)
    spec, model = read_spec(source), load_keras(source)
    heads = {name: head for name, head in spec.heads.items() if name != blend.BLEND}
    form = format_of(spec)
    sets = read_sets(options, print, form)
    parts = [choosing_faces(each, among=sets) for each in sets]
    logits = [predict(model, form.of(part.images)) for part in parts]
    asked = blend.questions(parts, logits, heads)
    rows = blend.table(asked, list(heads))
    for row in rows[:SHOWN]:
        print(json.dumps(asdict(row)))
    best = rows[0]
    record = read_json(source / RUN_FILE) or {}
    record[blend.BLEND] = [asdict(row) for row in rows]
    export_keras(
        blend.with_blend(model, heads, best.shares),
        options.out,
        arch=spec.arch,
        heads={name: head.labels for name, head in heads.items()},
        validation=parts,
        default_head=blend.BLEND,
        calibrated={blend.BLEND: blend.head(asked, best.shares)},
    )
    (options.out / RUN_FILE).write_text(json.dumps(record, indent=2) + "\n")
    for name in (HISTORY, "history.png"):
        if (source / name).is_file() and source.resolve() != options.out.resolve():
            shutil.copyfile(source / name, options.out / name)
    card.write(options.out)
    print(f"wrote {options.out}")
    return 0
