"""The About page: limits and privacy always, figures where the model has an evaluation."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from emotion.app.evaluation_report import confusions, evaluations, read_report
from emotion.app.expression_evidence import Evidence, expression_evidence
from emotion.app.widgets.evaluation_tables import (
    class_table_html,
    evaluations_table_html,
    evidence_html,
)
from emotion.models.spec import EVAL_FILE, RUN_FILE, HeadSpec, ModelSpec
from emotion.types import EMOTIONS
from tests.pages.helpers import html, run_page


def open_page() -> AppTest:
    def script() -> None:
        from emotion.app.pages import about

        about.page()

    return run_page(script)


def figures(accuracy: float = 0.6712) -> dict[str, Any]:
    matrix = [[100 if i == j else 5 for j in range(7)] for i in range(7)]
    matrix[EMOTIONS.index("fear")][EMOTIONS.index("sad")] = 30
    return {
        "n": 3589,
        "accuracy": accuracy,
        "macro_f1": 0.65,
        "ece": 0.012,
        "labels": list(EMOTIONS),
        "per_class": {
            name: {"precision": 0.7, "recall": 0.41 if name == "fear" else 0.8, "support": 528}
            for name in EMOTIONS
        },
        "confusion_matrix": matrix,
    }


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A default model's folder with its spec, and no evaluation yet."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (tmp_path / "DEFAULT").write_text("tiny\n")
    heads = {"fer2013": HeadSpec(labels=EMOTIONS), "ferplus": HeadSpec(labels=EMOTIONS)}
    spec = ModelSpec(
        name="tiny", arch="tiny", input_size=(48, 48), heads=heads, default_head="ferplus"
    )
    (folder / "spec.json").write_text(spec.to_json())
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    return folder


def texts(page: AppTest) -> str:
    return " ".join(element.value for element in page.markdown)


def test_limits_and_privacy_stand_there_without_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    page = open_page()
    assert not page.exception
    for words in ("not a feeling", "hiring", "policing", "medicine", "memory"):
        assert words in texts(page)
    assert len(page.info) == 1


def test_a_model_that_was_not_evaluated_says_so(model: Path) -> None:
    page = open_page()
    assert not page.exception
    assert "not been evaluated" in page.info[0].value


def test_only_a_model_that_learned_from_research_data_is_for_research(model: Path) -> None:
    assert "for research and teaching" in texts(open_page())
    spec = (model / "spec.json").read_text()
    (model / "spec.json").write_text(spec.replace("fer2013", "custom").replace("ferplus", "other"))
    page = texts(open_page())
    assert "that the operator of this page chose" in page
    assert "research and teaching" not in page


def test_the_training_data_are_those_of_the_runs_record(model: Path) -> None:
    assert "posed grey faces" not in texts(open_page())
    record = {"data": {"source": "fer2013+ckplus-train"}, "start_from": {"model": "faceres.json"}}
    (model / RUN_FILE).write_text(json.dumps(record))
    shown = texts(open_page())
    for words in ("FER2013", "FER+", "posed grey faces", "face-recognition network"):
        assert words in shown
    assert "RAF-DB" not in shown


def test_the_figures_are_the_files(model: Path) -> None:
    tests = {
        "labels": {"head": "fer2013", **figures()},
        "labels_mirrored": {"head": "fer2013", **figures(0.681)},
        "ferplus_majority": {"head": "ferplus", **figures(0.8612)},
    }
    report = {"split": "PrivateTest", **figures(), "protocols": tests}
    (model / EVAL_FILE).write_text(json.dumps(report))
    page = open_page()
    assert not page.exception
    assert not page.info
    assert "3,589 pictures of PrivateTest" in texts(page)
    shown = html(page)
    assert 'data-figure="accuracy" data-value="0.671200"' in shown
    assert 'data-figure="accuracy" data-value="0.861200"' in shown
    assert 'data-class="fear"' in shown
    assert [tab.label for tab in page.tabs] == ["FER\\+ majority\\, 8 classes", "FER2013 labels"]
    assert "68%" in shown, "the mirrored copy stands in the list of all tests"
    assert "fear mistaken for sad" in texts(page)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "3", "null", '{"protocols": 5, "heads": []}',
        '{"heads": {"a": {"accuracy": "x"}}}', '{"protocols": {"labels": {"accuracy": NaN}}}',
        '{"heads": {"a": {"accuracy": 1, "per_class": {"<b>": 7}, "labels": [1]}}, "n": "many"}',
    ],
)  # fmt: skip
def test_any_other_file_breaks_nothing(text: str, model: Path) -> None:
    (model / EVAL_FILE).write_text(text)
    page = open_page()
    assert not page.exception
    assert "not a feeling" in texts(page)
    assert "<b>" not in html(page)


def test_what_is_missing_is_left_out() -> None:
    assert evaluations({"accuracy": 0.5}) == {"All images": {"accuracy": 0.5}}
    assert evaluations({}) == {}
    assert class_table_html({"accuracy": 0.5}) == ""
    assert confusions({"labels": ["a"], "confusion_matrix": [[1, 2]]}) == []
    table = evaluations_table_html({"a <b>": {"accuracy": 0.5}, "c": {"accuracy": 0.25, "n": 4}})
    assert "Macro F1" not in table
    assert "<b>" not in table
    assert read_report(Path("/nowhere/eval.json")) == {}


def test_a_class_without_faces_is_no_confusion() -> None:
    head = {"labels": ["a", "b"], "confusion_matrix": [[0, 0], [1, 9]]}
    assert confusions(head) == ["b mistaken for a (10%)"]


def part(name: str, split: str, head: str, fear: tuple[int, int, int]) -> dict[str, Any]:
    """A data set's part of a report: fearful faces found, missed, and others taken for fear."""
    found, missed, wrong = fear
    counts = {
        "head": head,
        "accuracy": 0.5,
        "labels": ["fear", "happy"],
        "confusion_matrix": [[found, missed], [wrong, 100]],
    }
    return {"set": name, "split": split, "protocols": {"labels_default_head": counts}}


def test_each_expression_has_one_answer_over_all_faces() -> None:
    report = part("wild", "PrivateTest", "ferplus", (3, 2, 5))
    report["sets"] = {
        "rafdb": part("rafdb", "PublicTest", "ferplus", (2, 3, 10)),
        "other": part("other", "PrivateTest", "fer2013", (90, 0, 0)),
    }
    evidence, parts = expression_evidence(report, "ferplus")
    fear, happy = evidence
    assert (fear.label, fear.n, fear.named, fear.right) == ("fear", 10, 20, 5)
    assert fear.found == pytest.approx((0.5, 0.2366, 0.7634), abs=1e-4)  # Wilson, 5 of 10
    assert fear.correct == pytest.approx((0.25, 0.1119, 0.4687), abs=1e-4)  # 5 of 20
    assert (happy.n, happy.named, happy.right) == (215, 205, 200)
    assert [(each.n, each.split) for each in parts] == [(110, "test"), (115, "validation")]
    shown = evidence_html(evidence)
    assert "found in 5 of 10 (95% between 2 and 8)" in shown
    assert "When it says fear, it is right in 2 of 10 (95% between 1 and 5)" in shown
    assert "8). When" in " ".join(shown.striptags().split())


def test_a_majority_of_votes_replaces_the_labels_of_the_same_faces() -> None:
    report = part("fer2013", "PrivateTest", "blend", (1, 9, 0))
    voted = part("fer2013", "PrivateTest", "blend", (8, 2, 0))["protocols"]["labels_default_head"]
    report["protocols"]["ferplus_default_head"] = voted
    evidence, parts = expression_evidence(report, "blend")
    assert (evidence[0].n, evidence[0].right) == (10, 8)
    assert [each.by_majority for each in parts] == [True]


def test_an_expression_without_faces_or_answers_says_so() -> None:
    shown = evidence_html([Evidence(label="fear", n=0, named=0, right=0)])
    assert "none of the faces had this label" in shown
    assert "It never said fear" in shown


def test_the_page_answers_from_the_file_and_says_on_which_faces(model: Path) -> None:
    report = part("wild", "PrivateTest", "ferplus", (3, 2, 5))
    report["sets"] = {"rafdb": part("rafdb", "PublicTest", "ferplus", (2, 3, 10))}
    (model / EVAL_FILE).write_text(json.dumps(report))
    page = open_page()
    assert not page.exception
    assert "found in 5 of 10" in html(page)
    shown = texts(page)
    assert "225 faces" in shown
    assert "web photos of public figures (110 faces, test part)" in shown
    assert "RAF\\-DB\\, web photos (115 faces, validation part)" in shown
    assert "chosen by how well it does" in shown
