"""Splits for sets that come without them: stratified, by group, and the same rows each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from emotion.training.expression.data.faces import LabelledFaces
from emotion.types import EMOTIONS

VALIDATION_FRACTION = 0.125
"""Of each class, set aside to choose on."""

TEST_FRACTION = 0.125
"""Of each class, set aside to test on, of a set without any split."""


def add_splits(faces: LabelledFaces, groups: np.ndarray, seed: int = 0) -> LabelledFaces:
    """The same rows, split into Training, PublicTest and PrivateTest, class by class.

    groups: (N,), rows of an equal value stay together.
    """
    split = np.full(len(faces), "Training", "<U11")
    test = stratified_group_split(faces.labels, groups, TEST_FRACTION, seed)
    split[test] = "PrivateTest"
    rest = np.flatnonzero(~test)
    fraction = VALIDATION_FRACTION / (1 - TEST_FRACTION)
    split[rest[stratified_group_split(faces.labels[rest], groups[rest], fraction, seed)]] = (
        "PublicTest"
    )
    return replace(faces, split=split)


def add_validation_split(
    faces: LabelledFaces,
    groups: np.ndarray,
    fraction: float = VALIDATION_FRACTION,
    seed: int = 0,
) -> LabelledFaces:
    """The same rows, where ``fraction`` of each class of Training has become PublicTest.

    For sets that come without a part to choose on. groups: as of ``add_splits``.
    """
    training = np.flatnonzero(faces.split == "Training")
    labels = faces.labels[training]
    try:
        if len(np.unique(groups[training])) < len(training):
            raise ValueError("rows that stay together are drawn by us")
        # scikit-learn's draw where it can: RAF-DB's validation part, which figures speak of.
        _, chosen = train_test_split(
            training, test_size=fraction, random_state=seed, stratify=labels
        )
    except ValueError:  # it refuses small sets: fewer rows than classes, one row of a class
        chosen = training[stratified_group_split(labels, groups[training], fraction, seed)]
    split = faces.split.astype("<U11")
    split[chosen] = "PublicTest"
    return replace(faces, split=split)


def stratified_group_split(
    labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int = 0
) -> np.ndarray:
    """Which rows to set aside, bool (N,): about ``fraction`` of each class, whole groups only.

    labels: int (N,), indices into ``EMOTIONS``; groups: (N,). Groups come in random order, and one
    is taken when that brings the classes' counts nearer to what is wanted; groups of a single row
    give each class its exact, rounded share.
    """
    names, member = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(EMOTIONS)), np.int64)
    np.add.at(counts, (member, labels), 1)
    missing = np.round(fraction * counts.sum(axis=0))
    taken = np.zeros(len(names), bool)
    for group in np.random.default_rng(seed).permutation(len(names)):
        left = missing - counts[group]
        if np.abs(left).sum() < np.abs(missing).sum():
            taken[group] = True
            missing = left
    return taken[member]
