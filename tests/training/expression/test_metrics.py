"""Metrics of predictions: reports, intervals, curves, contact sheets, and perturbations."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emotion.imaging.files import read_image
from emotion.training.expression.evaluation import curves, mistakes
from emotion.training.expression.evaluation.metrics import intervals, report
from emotion.training.expression.evaluation.protocols import Predictions
from emotion.training.expression.evaluation.robustness import CHANGES, shifted_box
from emotion.types import EMOTIONS
from tests.training.conftest import drawn_face


def some_judged(count: int = 300, seed: int = 0) -> Predictions:
    """Answers that are right about half of the time; the last class never stands in truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 6, count)
    values = rng.random((count, 7))
    values[np.arange(count), truth] += 0.5
    values = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    return Predictions(
        head="h", labels=EMOTIONS, probabilities=values, truth=truth, rows=np.arange(count)
    )


def test_the_report_weighs_classes_by_their_faces() -> None:
    j = some_judged()
    found = report(j.probabilities, j.truth, j.labels)
    guesses = j.probabilities.argmax(axis=1)
    weighted = f1_score(j.truth, guesses, labels=range(7), average="weighted")
    assert found["weighted_f1"] == pytest.approx(weighted, abs=1e-4)
    assert found["weighted_recall"] == found["accuracy"]
    rates = np.array(found["confusion_rates"])
    np.testing.assert_allclose(rates.sum(axis=1), [1] * 6 + [0], atol=1e-3)
    with pytest.raises(ValueError, match="at least one face"):
        report(j.probabilities[:0], j.truth[:0], j.labels)


def test_the_reliability_table_counts_what_the_calibration_error_sums() -> None:
    j = some_judged()
    found = report(j.probabilities, j.truth, j.labels)
    table = found["reliability"]
    assert [row["low"] for row in table[1:]] == [row["high"] for row in table[:-1]]
    assert (table[0]["low"], table[-1]["high"]) == (0, 1)
    assert sum(row["n"] for row in table) == len(j.truth) == found["n"]
    assert sum(row["right"] for row in table) == round(found["accuracy"] * found["n"])
    error = sum(abs(row["confidence"] * row["n"] - row["right"]) for row in table) / found["n"]
    assert error == pytest.approx(found["ece"], abs=1e-3)


def test_the_bootstrap_is_the_one_that_draws_faces() -> None:
    j = some_judged()
    guesses = j.probabilities.argmax(axis=1)
    found = report(j.probabilities, j.truth, j.labels)
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(guesses), (400, len(guesses)))
    accuracy = (guesses == j.truth)[drawn].mean(axis=1)
    f1 = [
        f1_score(j.truth[r], guesses[r], labels=range(7), average="macro", zero_division=0)
        for r in drawn
    ]
    for name, values in (("accuracy", accuracy), ("macro_f1", f1)):
        low, high = found[f"{name}_95"]
        assert low < found[name] < high
        np.testing.assert_allclose([low, high], np.percentile(values, (2.5, 97.5)), atol=0.015)


def test_the_bootstrap_is_seeded_and_sure_of_a_perfect_answer() -> None:
    counts = np.array([[40, 3], [5, 20]])
    assert intervals(counts) == intervals(counts)
    assert intervals(np.diag([30, 10])) == {"accuracy_95": [1, 1], "macro_f1_95": [1, 1]}


def test_areas_are_1_where_the_order_is_perfect_and_unknown_without_faces() -> None:
    truth = np.array([0, 0, 1, 1])
    values = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.5, 0.5, 0], [0, 1, 0]], np.float32)
    j = Predictions(
        head="h", labels=("a", "b", "c"), probabilities=values, truth=truth, rows=np.arange(4)
    )
    perfect = {"average_precision": 1.0, "roc_auc": 1.0}
    unknown = {"average_precision": None, "roc_auc": None}
    assert curves.class_areas(j) == {"a": perfect, "b": perfect, "c": unknown}


def test_the_worst_mistakes_are_the_surest_wrong_answers(tmp_path: Path) -> None:
    j = some_judged()
    rows = mistakes.most_confident_errors(j, 5)
    guesses, sure = j.probabilities.argmax(axis=1), j.probabilities.max(axis=1)
    wrong = guesses != j.truth
    assert wrong[rows].all()
    assert sure[rows].tolist() == sorted(sure[wrong], reverse=True)[:5]
    mistakes.sheet(j, np.zeros((300, 8, 8), np.uint8), "a set", tmp_path / "sheet.png")
    assert read_image((tmp_path / "sheet.png").read_bytes()).shape[0] > 500


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_form_and_input(name: str) -> None:
    face = drawn_face(3, np.random.default_rng(0))
    before = face.copy()
    for alter in CHANGES[name].forms:
        altered = alter(face)
        assert altered.shape == face.shape
        assert altered.dtype == np.uint8
        assert not np.array_equal(altered, face)
    np.testing.assert_array_equal(face, before)


def test_a_moved_box_sees_what_it_moves_to() -> None:
    face = np.zeros((40, 40), np.uint8)
    face[18:22, 18:22] = 255

    def middle(picture: np.ndarray) -> list[float]:
        rows, columns = np.nonzero(picture > 127)
        return [rows.mean(), columns.mean()]

    np.testing.assert_array_equal(shifted_box()(face), face)
    assert middle(shifted_box(x=0.1)(face)) == [
        19.5,
        15.5,
    ]  # the box to the right: the face to the left
    assert middle(shifted_box(y=-0.2)(face)) == [27.5, 19.5]
    assert int((shifted_box(box=2.0)(face) > 127).sum()) == 4  # twice the box: half the side
    face = np.zeros((41, 41), np.uint8)
    face[5, 20] = 255
    turned = int(shifted_box(angle_deg=90)(face).argmax())
    assert divmod(turned, 41) == (20, 35)  # from the top to the right: clockwise


def test_what_a_box_sees_beyond_the_cut_is_the_edge() -> None:
    face = np.tile(np.arange(48, dtype=np.uint8), (48, 1))
    assert (shifted_box(x=0.5)(face)[:, 24:] == 47).all()
