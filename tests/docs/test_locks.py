"""The lock files, and THIRD_PARTY.md, which is generated from them."""

import re
import sysconfig
import tomllib
from pathlib import Path

import pytest

from tools.third_party import HEAD, OUT, PAGE, ROOT, WHOLE, bundled_libraries, locked, normalised

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
TEST, AUDIT = "requirements-test.txt", "requirements-audit.txt"
WANTED = {
    PAGE: DECLARED,
    WHOLE: DECLARED + EXTRAS["train"],
    TEST: DECLARED + EXTRAS["train"] + EXTRAS["archive"] + EXTRAS["test"],
    AUDIT: PROJECT["dependency-groups"]["audit"],
}
DOCUMENT = OUT.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", WANTED)
def test_every_dependency_is_locked_with_the_hashes_of_its_files(file: str) -> None:
    pinned = locked(file)
    declared = {normalised(re.split(r"[<>=\[; ]", each)[0]) for each in WANTED[file]}
    assert declared <= pinned.keys()
    logical = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    requirements = [line for line in logical if line and not line.lstrip().startswith("#")]
    assert len(requirements) == len(pinned)
    for line in requirements:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line


def test_the_locks_agree_with_each_other() -> None:
    page, whole, test = locked(PAGE), locked(WHOLE), locked(TEST)
    assert page.items() <= whole.items() <= test.items()
    assert "tensorflow" in whole
    assert "tensorflow" not in page


def test_the_list_of_third_party_packages_is_the_locks() -> None:
    row = re.compile(r"^\| ([\w.-]+) \| (\S+) \| .+ \| (page|training) \|$", re.MULTILINE)
    page, whole = locked(PAGE), locked(WHOLE)
    expected = {(n, v, "page" if n in page else "training") for n, v in {**whole, **page}.items()}
    assert set(row.findall(DOCUMENT)) == expected, "run: make third-party"
    assert DOCUMENT.startswith(HEAD.read_text(encoding="utf-8")), "run: make third-party"


def test_the_libraries_inside_the_wheels_are_named() -> None:
    found = bundled_libraries(Path(sysconfig.get_path("platlib")))
    for name in found.keys() & {**locked(WHOLE), **locked(PAGE)}.keys():
        assert f"| {name} | {', '.join(found[name])} |" in DOCUMENT, "run: make third-party"
    assert {"libx264", "libx265"} <= set(found["av"]), "if not, the note on the GPL is out of date"
