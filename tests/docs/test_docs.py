"""What the README and the model's card say is what the files say."""

import argparse
import importlib
import json
import re
import shlex
from pathlib import Path

import pytest

from emotion.cli import COMMANDS
from emotion.detection import load_detector
from emotion.models.spec import EVAL_FILE, SERVED_FILE, model_folder, own_models, read_spec
from emotion.training.detector.card import HEADLINE, figures_table

ROOT = Path(__file__).parents[2]
DETECTORS = ("hybrid", "yunet")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
SHELL = re.compile(r"^```sh$(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\w+=\S+ )*(?:\S*python3? -m )?emotion (.+)$", re.MULTILINE)
FIGURES = re.compile(
    r"\| [^|]+ \| (\w+) \| (\d+) \| ([\d.]+)% \| ([\d.]+%|-) \| ([\d.]+) \| ([\d.]+) \|"
)


MODELS = ROOT / "models"
DEFAULT = model_folder().name
CLASSIFIERS = sorted(
    path.parent.name for path in MODELS.glob("*/spec.json") if "heads" in path.read_text()
)


def evaluation_of(name: str) -> dict:  # type: ignore[type-arg]
    loaded: dict = json.loads((MODELS / name / EVAL_FILE).read_text())  # type: ignore[type-arg]
    return loaded


def balanced(found: dict) -> str:  # type: ignore[type-arg]
    value = found.get("balanced_accuracy")
    return "-" if value is None else f"{100 * value:.1f}%"


@pytest.fixture(scope="module")
def evaluation() -> dict:  # type: ignore[type-arg]
    return evaluation_of(DEFAULT)


@pytest.mark.parametrize(
    ("text", "name"),
    [("README.md", DEFAULT), *((f"models/{name}/README.md", name) for name in CLASSIFIERS)],
)
def test_published_figures_are_the_evaluations(text: str, name: str) -> None:
    evaluation, shown = evaluation_of(name), (ROOT / text).read_text(encoding="utf-8")
    rows = {tuple(match) for match in FIGURES.findall(shown)}
    expected = {
        (
            found["head"], str(found["n"]), f"{100 * found['accuracy']:.1f}", balanced(found),
            f"{found['macro_f1']:.3f}", f"{found['ece']:.3f}",
        )
        for found in evaluation["protocols"].values()
    }  # fmt: skip
    assert rows == expected
    assert evaluation["command"] in shown


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_evaluation_is_of_the_served_weights(name: str) -> None:
    evaluation = evaluation_of(name)
    assert evaluation["served_sha256"] == read_spec(MODELS / name).checksums[SERVED_FILE]
    assert evaluation["split"] == "PrivateTest"
    assert evaluation["n"] == 3589


def test_the_row_beside_the_peers_is_the_evaluations(evaluation: dict) -> None:  # type: ignore[type-arg]
    peers = README.split("<!-- peers -->")[1].split("<!-- end of peers -->")[0]
    accuracy, macro_f1, ece = (evaluation[key] for key in ("accuracy", "macro_f1", "ece"))
    assert f"| Emotion | {100 * accuracy:.1f} % | {macro_f1:.3f} | {ece:.3f} |" in peers
    assert f"same {evaluation['n']:,} pictures" in README


def test_the_kinds_of_pictures_are_the_evaluations(evaluation: dict) -> None:  # type: ignore[type-arg]
    table = README.split("<!-- kinds")[1].split("<!-- end of kinds -->")[0]
    sections = [evaluation, *evaluation["sets"].values()]
    found = [section["by_head"][evaluation["default_head"]] for section in sections]
    found.append(evaluation["protocols"]["ferplus_default_head"])
    rows = re.findall(r"\| (\d+) \| ([\d.]+)% \| ([\d.]+)% \|", table)
    assert sorted(rows) == sorted(
        (str(f["n"]), f"{100 * f['accuracy']:.1f}", f"{100 * f['balanced_accuracy']:.1f}")
        for f in found
    )


def test_the_sentence_about_rafdb_is_the_evaluations(evaluation: dict) -> None:  # type: ignore[type-arg]
    rafdb = evaluation["sets"]["rafdb"]
    page, own = (rafdb["by_head"][head] for head in (evaluation["default_head"], "rafdb"))
    text = " ".join(README.split())
    assert f"({rafdb['n']:,} set aside from its training part)" in text
    assert (
        f"the page's prediction agrees with the label in {page['accuracy']:.1%} of the cases, "
        f"the head of that labelling in {own['accuracy']:.1%}."
    ) in text


@pytest.mark.parametrize("name", DETECTORS)
def test_the_detectors_figures_are_its_evaluations(name: str) -> None:
    folder = own_models() / name
    figures = json.loads((folder / EVAL_FILE).read_text())
    assert figures["served_sha256"] == load_detector(name).digest
    assert figures["data"]["split"] == "test"
    assert next(iter(figures["detectors"])) == folder.name
    assert figures_table(figures) in (folder / "README.md").read_text()
    assert figures["command"] in (folder / "README.md").read_text()
    if name == DETECTORS[0]:
        assert figures_table(figures, HEADLINE) in README
        assert figures["command"] in README


def test_the_model_was_measured_through_the_detector_that_serves(evaluation: dict) -> None:  # type: ignore[type-arg]
    assert evaluation["through_detector"]["detector_sha256"] == load_detector().digest


def test_the_cards_classes_are_the_evaluations(evaluation: dict) -> None:  # type: ignore[type-arg]
    card = (model_folder() / "README.md").read_text()
    for label, figures in evaluation["per_class"].items():
        low, high = figures["recall_95"]
        row = (
            f"| {label} | {figures['precision']:.3f} | {figures['recall']:.3f} "
            f"({low:.2f} to {high:.2f}) | {figures['f1']:.3f} | {figures['support']} |"
        )
        assert row in card


def test_files_and_pictures_that_are_named_exist() -> None:
    named = re.findall(r"\]\(([^)#]+)\)", README)
    named += re.findall(r"`((?:emotion|models|tests|docs|benchmarks|\.streamlit)/[\w./]*)`", README)
    assert len(named) > 8
    for name in set(named) - {".streamlit/secrets.toml"}:  # the reader's own
        assert (ROOT / name).exists(), name


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"SPEED|FIGURES|PEERS|COMMAND|TODO", README)


@pytest.mark.parametrize("name", TEXTS)
def test_commands_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"(?:-m |`)emotion ([\w-]+)", TEXTS[name]))
    assert named <= set(COMMANDS)


def parsed(line: str) -> argparse.Namespace:
    """What a command makes of the rest of its line; ``SystemExit`` where it cannot."""
    command, *arguments = shlex.split(line, comments=True)
    parser = argparse.ArgumentParser(prog=f"emotion {command}", allow_abbrev=False)
    importlib.import_module(f"emotion.cli.{command.replace('-', '_')}").add_arguments(parser)
    return parser.parse_args(arguments)


def shown_commands(text: str) -> list[str]:
    """The command lines of a page, from the command's name on; of sentences, those with options."""
    blocks = "\n".join(SHELL.findall(text)).replace("\\\n", " ")
    return COMMAND.findall(blocks) + re.findall(r"`(?:python -m )?emotion ([^`]* -[^`]*)`", text)


def test_command_lines_that_are_shown_can_be_typed() -> None:
    shown = [line for text in TEXTS.values() for line in shown_commands(text)]
    assert {line.split()[0] for line in shown} >= set(COMMANDS) - {"compare", "benchmark"}
    for line in shown:
        parsed(line)


@pytest.mark.parametrize("line", ["analyze a.jpg --nothing", "evaluate-detector --data faces"])
def test_a_line_that_cannot_be_typed_is_noticed(line: str) -> None:
    assert shown_commands(f"```sh\n.venv/bin/python -m emotion {line}\n```\n") == [line]
    with pytest.raises(SystemExit):
        parsed(line)


def test_make_has_the_targets_that_are_shown() -> None:
    targets = set(re.findall(r"^make (\w+)|\bmake (\w+)  ", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    for target in {name for pair in targets for name in pair if name}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
