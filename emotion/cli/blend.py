"""``emotion blend``: adds a blend of a model's heads as its default head."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.console import quiet_tensorflow, usage_error
from emotion.cli.reading import add_data_arguments, format_of, read_sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from emotion.training.expression.blend import Blend
    from emotion.training.expression.data.faces import LabelledFaces

SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a name or folder under models/")
    add_data_arguments(parser)
    parser.add_argument(
        "--left-out",
        metavar="NAME=MODEL",
        action="append",
        default=[],
        help="a model of the same kind that was trained without the set NAME; its predictions "
        "for that set calibrate the blend for unseen data sets",
    )
    parser.add_argument("--out", type=Path, required=True, help="the model's folder, models/NAME")


def run(options: argparse.Namespace) -> int:
    """Chooses the blend and writes the model with it as the default head."""
    quiet_tensorflow()
    from emotion.models.spec import RUN_FILE, HeadSpec, model_folder, read_spec
    from emotion.training.common.keras_models import load_keras, predict
    from emotion.training.common.run_folder import HISTORY
    from emotion.training.common.run_record import read_json
    from emotion.training.expression import blend
    from emotion.training.expression.data.faces import training_split, validation_split
    from emotion.training.expression.evaluation import card, plots, unseen_domains
    from emotion.training.expression.evaluation.metrics import rounded
    from emotion.training.expression.export import export_keras
    from emotion.training.expression.targets import targets_of_sets
    from emotion.types import EMOTIONS

    source = model_folder(options.model)
    spec, model = read_spec(source), load_keras(source)
    heads = {name: head for name, head in spec.heads.items() if name != blend.BLEND}
    form = format_of(spec)
    sets = read_sets(options, print, form)
    parts = [validation_split(each, among=sets) for each in sets]
    priors = blend.log_priors(targets_of_sets([training_split(s, among=sets) for s in sets]), heads)
    evaluation_sets = [
        blend.evaluation_set(part, predict(model, form.convert(part.images)), heads)
        for part in parts
    ]
    rows = blend.candidate_blends(evaluation_sets, priors)
    chosen = blend.choose_blend(rows)
    ranked = sorted(rows, key=lambda row: -row.mean_balanced())
    for row in (chosen, *ranked[:SHOWN]):
        print(json.dumps(asdict(row)))
    without = blend.leave_one_set_out(rows)
    unseen = _unseen_predictions(options.left_out, sets, without or {sets[0].name: chosen}, priors)
    predictions = [
        (blend.blended_logits(part, priors, chosen.shares, chosen.adjustment), part.truth)
        for part in evaluation_sets
    ]
    calibration = [(logits, truth) for _, logits, truth in unseen.values()] or predictions
    temperature = unseen_domains.fit_shared_temperature(*map(list, zip(*calibration, strict=True)))
    record = read_json(source / RUN_FILE) or {}
    record[blend.BLEND] = {
        **asdict(chosen),
        "mean_balanced": rounded(chosen.mean_balanced()),
        "trade_off": blend.trade_off(evaluation_sets, priors, chosen),
        "chosen_without": {name: asdict(row) for name, row in without.items()},
        "unseen_kinds": {
            name: asdict(found) for name, found in unseen_domains.unseen_domains(unseen).items()
        },
        "tried": [asdict(row) for row in ranked[:SHOWN]],
    }
    print(json.dumps(record[blend.BLEND]["unseen_kinds"], indent=1))
    export_keras(
        blend.add_blend_head(model, heads, priors, chosen),
        options.out,
        arch=spec.arch,
        heads={name: head.labels for name, head in heads.items()},
        validation=parts,
        default_head=blend.BLEND,
        calibrated={blend.BLEND: HeadSpec(labels=EMOTIONS, temperature=round(temperature, 4))},
    )
    (options.out / RUN_FILE).write_text(json.dumps(record, indent=2) + "\n")
    for name in (HISTORY, "history.png"):
        if (source / name).is_file() and source.resolve() != options.out.resolve():
            shutil.copyfile(source / name, options.out / name)
    plots.trade_off(
        record[blend.BLEND]["trade_off"], chosen.adjustment, options.out / "trade_off.png"
    )
    card.write(options.out)
    print(f"wrote {options.out}")
    return 0


def _unseen_predictions(
    given: Sequence[str],
    sets: Sequence[LabelledFaces],
    chosen_without: Mapping[str, Blend],
    priors: Mapping[str, np.ndarray],
) -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Predictions of models for the data sets that they were trained without, except test splits.

    Args:
        given: NAME=MODEL of each.
        sets: The data sets.
        chosen_without: Set -> the blend that is chosen without it.
        priors: Head -> log class frequencies.

    Returns:
        Set -> (name of the model, its blended logits (N, 7), true classes (N,)).
    """
    from emotion.models.spec import model_folder, read_spec
    from emotion.training.common.keras_models import load_keras, predict
    from emotion.training.expression import blend

    found = {}
    by_name = {faces.name: faces for faces in sets}
    for text in given:
        name, equals, model = text.partition("=")
        if not equals or name not in by_name:
            usage_error(
                f"--left-out expects NAME=MODEL with NAME one of {', '.join(by_name)}, got {text!r}"
            )
        folder = model_folder(model)
        spec = read_spec(folder)
        faces = by_name[name].take(by_name[name].split != "PrivateTest")
        logits = predict(load_keras(folder), format_of(spec).convert(faces.images))
        heads = {head: spec.heads[head] for head in priors if head in spec.heads}
        part = blend.evaluation_set(faces, logits, heads)
        row = chosen_without[name]
        if set(row.shares) - set(heads):
            usage_error(f"--left-out {text}: that model lacks the heads {', '.join(row.shares)}")
        found[name] = (
            spec.name,
            blend.blended_logits(part, priors, row.shares, row.adjustment),
            part.truth,
        )
    return found
