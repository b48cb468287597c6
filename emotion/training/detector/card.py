"""A detector's card: ``README.md`` in its folder, from spec, run record and evaluation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from emotion.detection.loading import YUNET, detector_folder
from emotion.detection.score_fusion import FEATURES, FUSION_FILE, ScoreFusion
from emotion.detection.single_shot import TILING
from emotion.detection.spec import DetectorSpec, read_detector_spec
from emotion.models.spec import EVAL_FILE, KERAS_FILE, RUN_FILE, SERVED_FILE
from emotion.training.common.markdown import markdown
from emotion.training.common.run_record import read_json
from emotion.training.detector.metrics import FALSE_POSITIVES_PER_IMAGE, HEIGHT_RANGES


def write(folder: Path) -> None:
    """Writes the card of a detector.

    Args:
        folder: The detector's folder; the card is written from its files.
    """
    hybrid = (folder / FUSION_FILE).is_file()
    parts = [_hybrid_head(folder) if hybrid else _head(read_detector_spec(folder), folder)]
    run, figures = read_json(folder / RUN_FILE), read_json(folder / EVAL_FILE)
    if run:
        parts.append(_training(run, folder))
    if figures:
        parts.append(
            f"## Figures\n\n`{figures['command']}`\n\n{figures_table(figures)}\n\n"
            "![Precision and recall](precision_recall.png)\n\n![Changed](robustness.png)\n"
        )
    (folder / "README.md").write_text("\n".join([*parts, _LIMITS]))


NOTICE_FILE = "NOTICE"
LOW = f"recall at {FALSE_POSITIVES_PER_IMAGE:g} false a picture"
_AT_DEFAULT = {
    "precision": "precision",
    "recall": "recall",
    "false a picture": "false_per_picture",
    "false a picture without faces": "false_per_picture_without_faces",
}
HEADLINE = (
    "AP all", "AP 120 and up", "AP 60-120", "AP 30-60", f"{LOW}, all", "landmark error",
    "recall, 60 px and up, roll 45",
)  # fmt: skip
"""The rows that the README shows."""


def figures_table(figures: Mapping[str, Any], only: Collection[str] = ()) -> str:
    """Formats the metrics of detectors as a Markdown table, a column for each.

    Args:
        figures: An ``eval.json``.
        only: Names of the rows to show; all where it is empty.
    """
    detectors = figures["detectors"]
    found = detectors.values()
    empty = [d["without_faces"]["false_per_picture"] for d in found]
    changes = next(iter(found))["changed"]
    default = [d.get("default_threshold", {}) for d in found]
    rows = [
        *((f"AP {name}", [d["ap"][name] for d in found]) for name in HEIGHT_RANGES),
        *((f"{LOW}, {name}", [d["recall"][name] for d in found]) for name in HEIGHT_RANGES),
        ("landmark error", [d["landmark_error"] for d in found]),
        ("false a picture without faces", empty),
        *(
            (f"{text} at the default threshold", [d.get(key) for d in default])
            for text, key in _AT_DEFAULT.items()
            if any(default)
        ),
        *(
            (f"recall, 60 px and up, {name}", [d["changed"][name]["recall"] for d in found])
            for name in changes
        ),
    ]
    cells = [
        [name, *("" if value is None else f"{value:.3f}" for value in values)]
        for name, values in rows
        if not only or name in only
    ]
    return markdown(["", *(Path(name).name for name in detectors)], cells)


def _head(spec: DetectorSpec, folder: Path) -> str:
    size = (folder / SERVED_FILE).stat().st_size / 1e6
    notice = (
        "- Origin and licence of the weights: [NOTICE](NOTICE)\n"
        if (folder / NOTICE_FILE).is_file()
        else ""
    )
    return (
        f"# {spec.name}\n\n"
        "Finds faces: a box from the hairline to the chin, a score, and six landmarks. This card "
        "is written by `emotion evaluate-detector`.\n\n"
        f"- Input: an RGB uint8 picture whose sides are multiples of {spec.multiple}; scaling to "
        f"floats is inside the model. A photo is shown to it {_photo_input(spec)}, a frame of a "
        f"stream up to {spec.side} or {spec.quick_side} px\n"
        f"- Output: predictions at anchor points every {', '.join(map(str, spec.strides))} px; "
        "`emotion/detection/` decodes them\n"
        f"- Default score threshold: {spec.min_score:g}, with {FALSE_POSITIVES_PER_IMAGE:g} false "
        "positives per picture of the validation split\n"
        f"- Files: `{KERAS_FILE}` is the source, `{SERVED_FILE}` ({size:.1f} MB) its compiled "
        f"form\n{notice}"
    )


def _photo_input(spec: DetectorSpec) -> str:
    return (
        f"up to {spec.photo_side} px large, a small one enlarged by up to {spec.enlarge:g}, one "
        f"beyond {TILING.above} px in tiles, too"
    )


def _hybrid_head(folder: Path) -> str:
    fusion = ScoreFusion.read(folder)
    yunet = read_detector_spec(detector_folder(YUNET))
    cells = [f"{value:g}" for value in fusion.coefficients]
    return (
        f"# {folder.name}\n\n"
        "Finds the faces of photos with YuNet (`models/yunet`) and those of streams with BlazeFace "
        "(`models/blazeface`). This card is written by `emotion evaluate-detector`.\n\n"
        f"- A photo is shown to YuNet {_photo_input(yunet)}\n"
        "- Proposals whose box has an area of at least "
        f"{fusion.refine_from_px:g} px squared are refined by BlazeFace's short-range network in a "
        "crop of their own, which gives landmarks and a second score. From a score of "
        f"{fusion.confirmed_from:g} the refined box counts, or the mean of both where they differ\n"
        "- The scores become one by logistic regression, whose inputs are the logits of both "
        f"scores and the IoU of both boxes. `{fusion.command}` fitted it on the training part, "
        "with a shift by which the default threshold of BlazeFace holds here, too\n\n"
        f"{markdown(FEATURES, [cells])}\n"
    )


def _training(run: Mapping[str, Any], folder: Path) -> str:
    config = run["config"]
    versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items() if v)
    plot = "\n![Loss and precision](history.png)\n" if (folder / "history.png").is_file() else ""
    return (
        "## Training\n\n"
        f"- {run['data'].get('pictures', '?')} pictures, labels' sha256 "
        f"`{str(run['data'].get('sha256'))[:16]}`; {config['validation']:.0%} of them are "
        "the validation split, which chooses the epoch and the threshold\n"
        f"- {config['epochs']} epochs of batches of {config['batch_size']} crops of "
        f"{config['side']} px, AdamW, learning rate {config['learning_rate']:g} falling by a "
        f"cosine, averaged weights ({config['ema']:g}), seed {config['seed']}\n"
        f"- Revision `{run['git_revision']}`; {versions}; every setting is in `{RUN_FILE}`\n{plot}"
    )


_LIMITS = """## Limits

- Faces below about 15 px are not detected. AP is at an IoU of 0.5; faces below 15 px and those
  marked as ignored count neither as missed nor as false positives.
- Landmark error: the mean distance of eyes and nose tip as a fraction of the root of the box's
  area, the median over the faces with landmarks set by hand.
- Training and test pictures come from the same public sets (WIDER FACE, pictures without faces from
  ImageNet), which are for research; how the figures differ between groups of people is not known.
"""
