"""The About page: limits and privacy always, figures where the model has an evaluation."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from emotion.app.evaluation_report import confusions, evaluations, read_report
from emotion.app.widgets.evaluation_tables import class_table_html, evaluations_table_html
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
