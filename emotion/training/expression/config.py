"""Settings of a training run of the expression classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from emotion.training.expression.augmentation import Augmentation

OPTIMIZERS = ("sgd", "adam")
PRECISIONS = ("float32", "mixed_bfloat16")
"""Keras dtype policies. bfloat16 is faster only where the processor or accelerator has instructions
for it (Linux CPU flags avx512_bf16 and amx_bf16). Micikevicius et al. 2018, "Mixed Precision
Training"; bfloat16 has float32's range, so that no loss scaling is needed."""


_FRACTIONS = (
    "class_balance", "class_sampling", "votes_share", "teacher_share", "decay_from", "momentum",
    "ema",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of a classifier's run.

    Attributes:
        arch: One of ``architectures.ARCHITECTURES``.
        optimizer: ``sgd`` (with Nesterov momentum) or ``adam``.
        epochs: Number of epochs.
        batch_size: Faces in a step.
        learning_rate: Peak learning rate, see ``WarmupStableDecay``.
        decay_from: Fraction of the run at which the learning rate begins to decay.
        shares: Name of a set -> rows sampled per epoch, as a fraction of all; 1 by default.
        momentum: Momentum of SGD.
        weight_decay: Decoupled, per unit of learning rate.
        ema: Decay of the averaged weights, which are evaluated and saved.
        votes_share: See ``make_targets``.
        class_balance: See ``make_targets``.
        class_sampling: Power of class-balanced sampling within each set, see
            ``batches.ClassBalancedSampler``.
        teacher_share: See ``distillation.soft_targets``.
        choose_from: Fraction of the epochs after which each is evaluated; none is the best before
            that, at a high learning rate.
        patience: Epochs without improvement after which the run stops early; None for never.
        frozen: Whether only the heads are trained.
        precision: One of ``PRECISIONS``; weights are float32 in any case.
        input_size: (height, width) in pixels of the finished model's faces.
        stages: Progressive resizing: (end of the stage as a fraction of the epochs, side in pixels)
            of each stage; the last has the model's own size.
        seed: Seed of all random numbers.
        augmentation: Strengths and probabilities of the augmentation.

    Raises:
        ValueError: For a value out of range.
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
        # With 1, no epoch would be evaluated.
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
        # A network loses much on faces that are larger or smaller than those of its last epochs.
        own = max(self.input_size)
        _expect(sides[-1] == own, f"a last stage of the model's own size, {own} px", self.stages)
        for name, known in (("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            given = getattr(self, name)
            _expect(given in known, f"{name} to be one of {', '.join(known)}", given)

    def side(self, epoch: int) -> int:
        """Side of the faces in pixels in an epoch, counted from 0."""
        for fraction, side in self.stages:
            if epoch < round(fraction * self.epochs):
                return side
        return self.stages[-1][1]


def _expect(holds: bool, what: str, given: Any) -> None:
    if not holds:
        raise ValueError(f"expected {what}, got {given!r}")
