"""What a training run is: its settings, and the record it leaves beside the weights."""

from __future__ import annotations

import json
import math
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from emotion.detection.spec import DetectorSpec
from emotion.models.spec import KERAS_FILE, ModelSpec, read_spec
from emotion.training.augment import Augmentation
from emotion.training.settings import checked, read_toml

RUN_FILE = "run.json"

OPTIMIZERS = ("sgd", "adam")
PRECISIONS = ("float32", "mixed_bfloat16")
"""Keras' names. bfloat16 gains where processor or accelerator have instructions for it (Linux'
flags avx512_bf16 and amx_bf16), and loses elsewhere. Micikevicius et al. 2018, "Mixed Precision
Training"; bfloat16 has float32's range, so that no loss needs scaling."""


_FRACTIONS = (
    "class_balance", "class_sampling", "votes_share", "teacher_share", "decay_from", "momentum",
    "ema",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of a run. Raises ``ValueError`` for a value that has no meaning.

    stages: (last epoch as a fraction of all, side in pixels): small pictures first, the model's own
    size at the end (progressive resizing; a step on 40 px costs 3/4 of one on 48). optimizer: sgd
    (Nesterov momentum) or adam. learning_rate: its peak, see ``WarmupStableDecay``; it falls from
    the fraction ``decay_from`` of the run on. shares: of the set of this name, how many of its
    rows an epoch draws, as a fraction (1 where it is not named). class_sampling: the power of
    class-balanced sampling within each set, see ``batches.Draw``. weight_decay: decoupled, per unit
    of learning rate. ema: decay of the averaged weights, which are evaluated and saved.
    votes_share, class_balance: see ``targets_of``. teacher_share: see ``distill.taught``.
    choose_from: the fraction of the epochs after which each is evaluated; before, at a high
    learning rate, none can be the best. patience: the run ends early when so many epochs brought
    nothing better. frozen: only the heads are trained. precision: what is computed in, one of
    ``PRECISIONS``; the weights are float32 in any case.
    """

    arch: str = "se_resnet"
    optimizer: str = "sgd"
    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 0.1
    decay_from: float = 0.6
    shares: dict[str, float] = field(default_factory=dict)
    momentum: float = 0.9
    weight_decay: float = 5e-3
    ema: float = 0.998
    votes_share: float = 0.2
    class_balance: float = 0.0
    class_sampling: float = 0.0
    teacher_share: float = 0.5
    choose_from: float = 0.6
    patience: int | None = None
    frozen: bool = False
    precision: str = "float32"
    input_size: tuple[int, int] = (48, 48)
    stages: tuple[tuple[float, int], ...] = ((0.65, 40), (1.0, 48))
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            _expect(0 <= getattr(self, name) <= 1, f"{name} in 0..1", getattr(self, name))
        # At 1 no epoch would be evaluated, and none could be the best.
        _expect(0 <= self.choose_from < 1, "choose_from in 0..1, below 1", self.choose_from)
        for name in ("epochs", "batch_size"):
            _expect(getattr(self, name) >= 1, f"{name} of at least 1", getattr(self, name))
        patience = self.patience
        _expect(patience is None or patience >= 1, "patience of at least 1", patience)
        _expect(0 < self.learning_rate < math.inf, "learning_rate above 0", self.learning_rate)
        decay = self.weight_decay
        _expect(0 <= decay < math.inf, "weight_decay of at least 0", decay)
        for head, share in self.shares.items():
            _expect(0 < share < math.inf, f"shares.{head} above 0", share)
        _expect(0 <= self.seed < 2**32, "seed in 0..4294967295", self.seed)
        _expect(min(self.input_size) >= 1, "input_size of at least 1 px", self.input_size)
        sides = [side for _, side in self.stages]
        _expect(min(sides, default=0) >= 1, "stages, each of at least 1 px", self.stages)
        for name, known in (("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            given = getattr(self, name)
            _expect(given in known, f"{name} to be one of {', '.join(known)}", given)

    def side(self, epoch: int) -> int:
        """Side in pixels of the pictures in an epoch (counted from 0)."""
        for fraction, side in self.stages:
            if epoch < round(fraction * self.epochs):
                return side
        return self.stages[-1][1]


def _expect(holds: bool, what: str, given: Any) -> None:
    if not holds:
        raise ValueError(f"expected {what}, got {given!r}")


def read_settings(path: Path, kind: type = TrainingConfig) -> dict[str, Any]:
    """The settings that a TOML file gives, as arguments of ``kind``, a dataclass of settings.

    Its keys are the names of the dataclass's fields, those of a table (``[augmentation]``) the
    names of that field's own. Raises ``ValueError`` with one sentence for what cannot be a setting.
    """
    given = read_toml(path)
    try:
        found = checked(kind, given)
        kind(**found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return found


def run_record(config: Any, data: dict[str, Any]) -> dict[str, Any]:
    """What is needed to run it again: settings, data hashes, git revision, library versions.

    config: a dataclass, the settings of a run of any kind.
    """
    return {
        "config": asdict(config),
        "data": data,
        "git_revision": _git_revision(),
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in ("keras", "tensorflow", "numpy")},
        },
    }


def run_of(folder: Path, spec: ModelSpec | DetectorSpec | None = None) -> dict[str, Any]:
    """The model in ``folder`` as another run's origin: its name, checksum and own record.

    spec: its own, read where it is not given.
    """
    spec = spec or read_spec(folder)
    return {
        "model": spec.name,
        "sha256": spec.checksums[KERAS_FILE],
        "run": read_json(folder / RUN_FILE),
    }


def read_json(path: Path) -> Any:
    """What a JSON file holds, such as a run's record; None where there is no such file."""
    return json.loads(path.read_text()) if path.is_file() else None


def same_run(folder: Path, record: dict[str, Any], kind: type = TrainingConfig) -> bool:
    """Whether the run recorded in ``folder`` has the same settings and data as ``record``.

    kind: the dataclass that the settings are.
    A setting that the record does not know has its default, which changes nothing: a run is not
    lost because a new one came to exist.
    """
    try:
        found = json.loads((folder / RUN_FILE).read_text())
        settings = [kind(**checked(kind, r["config"])) for r in (found, record)]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    wanted = json.loads(json.dumps(record))
    same = all(found.get(key) == wanted.get(key) for key in ("data", "start_from"))
    return bool(settings[0] == settings[1]) and same


def _git_revision() -> str | None:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
