"""Settings of a detector's training run."""

from __future__ import annotations

from dataclasses import dataclass, field

from emotion.training.detector.colors import ColorConfig
from emotion.training.detector.losses import LossConfig
from emotion.training.detector.network import NetworkConfig
from emotion.training.detector.views import ViewConfig


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Settings of a run.

    side: of the square views in px. learning_rate: peak of AdamW, reached after ``warmup`` epochs
    and falling by a cosine (Loshchilov and Hutter, ICLR 2017 and 2019). ema: decay of the averaged
    weights, which are evaluated and saved. validation: share of the pictures set aside to choose
    on. validate_every: epochs between evaluations; the last is always evaluated. choose_from: the
    fraction of the epochs after which one can be the best.
    """

    epochs: int = 120
    batch_size: int = 16
    side: int = 320
    learning_rate: float = 2e-3
    weight_decay: float = 2e-2
    warmup: float = 2.0
    clip_norm: float = 10.0
    ema: float = 0.998
    validation: float = 0.07
    validate_every: int = 3
    choose_from: float = 0.5
    seed: int = 0
    network: NetworkConfig = field(default_factory=NetworkConfig)
    views: ViewConfig = field(default_factory=ViewConfig)
    colors: ColorConfig = field(default_factory=ColorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
