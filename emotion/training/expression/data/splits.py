"""Stratified, grouped and reproducible splits for data sets that come without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from emotion.training.expression.data.faces import LabelledFaces
from emotion.types import EMOTIONS

VALIDATION_FRACTION = 0.125
"""Fraction of each class in the validation split."""

TEST_FRACTION = 0.125
"""Fraction of each class in the test split, for a set without any split."""


def add_splits(faces: LabelledFaces, groups: np.ndarray, seed: int = 0) -> LabelledFaces:
    """Splits a data set into Training, PublicTest and PrivateTest, stratified by class.

    Args:
        faces: The data set.
        groups: Rows with an equal value are put into the same split, (N,).
        seed: Seed of the split.

    Returns:
        The same rows with new splits.
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
    """Moves a fraction of Training to PublicTest, stratified by class.

    Args:
        faces: A data set without a validation split.
        groups: Rows with an equal value are put into the same split, (N,).
        fraction: Fraction of each class that is moved.
        seed: Seed of the split.

    Returns:
        The same rows with new splits.
    """
    training = np.flatnonzero(faces.split == "Training")
    labels = faces.labels[training]
    try:
        if len(np.unique(groups[training])) < len(training):
            raise ValueError("scikit-learn's split knows no groups")
        # scikit-learn's split where possible: published figures are of RAF-DB's validation split.
        _, chosen = train_test_split(
            training, test_size=fraction, random_state=seed, stratify=labels
        )
    except (
        ValueError
    ):  # also from scikit-learn, for fewer rows than classes or a class with one row
        chosen = training[stratified_group_split(labels, groups[training], fraction, seed)]
    split = faces.split.astype("<U11")
    split[chosen] = "PublicTest"
    return replace(faces, split=split)


def stratified_group_split(
    labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int = 0
) -> np.ndarray:
    """Selects about a fraction of each class, in whole groups.

    Groups are visited in random order, and one is selected if that brings the counts of the classes
    closer to the goal. With groups of a single row, each class gets its exact, rounded share.

    Args:
        labels: int (N,), indices into ``EMOTIONS``.
        groups: Rows with an equal value are selected together, (N,).
        fraction: Fraction of each class.
        seed: Seed of the selection.

    Returns:
        Which rows are selected, bool (N,).
    """
    names, member = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(EMOTIONS)), np.int64)
    np.add.at(counts, (member, labels), 1)
    missing = np.round(fraction * counts.sum(axis=0))
    selected = np.zeros(len(names), bool)
    for group in np.random.default_rng(seed).permutation(len(names)):
        left = missing - counts[group]
        if np.abs(left).sum() < np.abs(missing).sum():
            selected[group] = True
            missing = left
    return selected[member]
