"""Settings of a detector's training run."""

from __future__ import annotations

from dataclasses import dataclass, field

from emotion.training.detector.geometric_augmentation import GeometricConfig
from emotion.training.detector.losses import LossConfig
from emotion.training.detector.network import NetworkConfig
from emotion.training.detector.photometric_augmentation import PhotometricConfig


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Settings of a detector's run.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Crops in a step.
        side: Side of the square crops in px.
        learning_rate: Peak of AdamW's learning rate, reached after ``warmup`` epochs; it then falls
            by a cosine (Loshchilov and Hutter, ICLR 2017 and 2019).
        weight_decay: Decoupled, per unit of learning rate.
        warmup: Epochs of linear warm-up.
        clip_norm: Largest global norm of the gradients.
        ema: Decay of the averaged weights, which are evaluated and saved.
        validation: Fraction of the images in the validation split.
        validate_every: Epochs between evaluations; the last one is always evaluated.
        choose_from: Fraction of the epochs after which one can be the best.
        seed: Seed of all random numbers.
        network: Sizes of the network.
        views: Geometric augmentation.
        colors: Photometric augmentation.
        loss: Weights of the loss.
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
    views: GeometricConfig = field(default_factory=GeometricConfig)
    colors: PhotometricConfig = field(default_factory=PhotometricConfig)
    loss: LossConfig = field(default_factory=LossConfig)
