"""Links of all documents, and the versions that several files name."""

import re
from pathlib import Path

import pytest

import emotion

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:emotion|models|tests|docs|benchmarks|\.streamlit)/[\w./-]*)`")


def anchors(path: Path) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if re.match(r"\w+://|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"])
def test_places_that_are_named_exist(path: Path) -> None:
    named = set(PLACE.findall(path.read_text(encoding="utf-8"))) - {"models/NAME"}
    assert len(named) > 3
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_document_is_linked_from_the_readme_or_from_one_that_is() -> None:
    seen, open_ = set(), [ROOT / "README.md"]
    while open_:
        path = open_.pop()
        seen.add(path)
        for link in LINK.findall(path.read_text(encoding="utf-8")):
            target = (path.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in seen:
                open_.append(target)
    left = {path.name for path in set(DOCUMENTS) - seen}
    assert left <= {"CHANGELOG.md", "SECURITY.md"}, "which every host shows by itself"


def test_citation_and_changelog_name_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[([\d.]+)\]", changes, re.MULTILINE)
    assert versions[0] == emotion.__version__
    assert f"version: {emotion.__version__}\n" in citation
