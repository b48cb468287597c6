"""Every protocol of an evaluation has a row of its own, on the page and in the card."""

import json
from typing import Any

from emotion.app.figures import evaluations
from emotion.models.protocol_names import PROTOCOL_NAMES, protocol_name
from emotion.models.spec import EVAL_FILE, model_folder
from emotion.training.expression.evaluation.card_tables import figures_table


def report() -> dict[str, Any]:
    """The default model's evaluation."""
    found: dict[str, Any] = json.loads((model_folder() / EVAL_FILE).read_text())
    return found


def test_every_protocol_of_the_evaluation_has_a_name() -> None:
    assert set(report()["protocols"]) == set(PROTOCOL_NAMES)


def test_no_two_rows_of_the_page_are_called_alike() -> None:
    found = report()
    tests = evaluations(found)
    sections = [found, *found["sets"].values()]
    assert len(tests) == sum(len(section["protocols"]) for section in sections)
    assert tests["FER+ majority, 8 classes"]["n"] == 3153
    assert tests["FER+ majority, 7 classes, as answered on this page"]["n"] == 3137


def test_the_cards_table_is_as_it_was_written() -> None:
    assert figures_table(report()) in (model_folder() / "README.md").read_text()


def test_an_unknown_protocol_is_called_as_it_is() -> None:
    assert protocol_name("of {tomorrow}", rows="x", on_page="y") == "of {tomorrow}"
    found = report()
    for section in (found, found["sets"]["rafdb"]):
        section["split"] = "PrivateTest"
        section["protocols"]["of {tomorrow}"] = section["protocols"]["labels"]
    before, tests = report()["protocols"], evaluations(found)
    assert tests["FER2013 labels"]["n"] == before["labels"]["n"]
    assert tests["of {tomorrow}"]["head"] == "fer2013"
    assert tests["of {tomorrow}, rafdb"]["head"] == "rafdb"
    assert figures_table(found).splitlines()[-1].startswith("| of {tomorrow} | fer2013 |")
