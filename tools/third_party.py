"""Writes THIRD_PARTY.md: the packages of the locks, their licences and what their wheels bundle.

Licences are what each installed package's metadata says, read by pip-licenses. Run by
``make third-party``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "THIRD_PARTY.md"
HEAD = ROOT / "tools" / "third_party_head.md"
PAGE, WHOLE = "requirements-page.txt", "requirements.txt"


def locked(file: str) -> dict[str, str]:
    """The packages of a lock: normalised name -> version."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = (re.match(r"([a-z0-9-]+)==([^\s\\;]+)", line) for line in lines)
    return {pin[1]: pin[2] for pin in pins if pin}


def normalised(name: str) -> str:
    """A distribution's name as locks write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bundled_libraries(packages: Path) -> dict[str, list[str]]:
    """The shared libraries that wheels carry beside their own code.

    Args:
        packages: A ``site-packages`` folder.

    Returns:
        Normalised name of the distribution -> names of its libraries, without versions.
    """
    found = {}
    for folder in packages.glob("*.libs"):
        names = {
            re.sub(r"(-[0-9a-f]{8}[\d.]*)*\.so.*", "", path.name) for path in folder.glob("lib*")
        }
        found[normalised(folder.name.removesuffix(".libs"))] = sorted(names)
    return found


def rows(licences: list[dict[str, str]]) -> list[str]:
    """The table's rows, one for each package of the locks.

    Args:
        licences: What pip-licenses found, with ``Name``, ``Version`` and ``License``.
    """
    page, whole = locked(PAGE), locked(WHOLE)
    known = {normalised(each["Name"]): each for each in licences}
    result = []
    for name, version in sorted({**whole, **page}.items()):
        each = known.get(name)
        if each is None:
            licence = "not installed on Linux"
        elif each["Version"] != version:
            raise SystemExit(
                f"{name} {each['Version']} is installed, {version} is locked: make venv"
            )
        else:
            licence = each["License"].replace("UNKNOWN", "not named by the package")
        licence = re.sub(r"\s+", " ", licence)
        result.append(
            f"| {name} | {version} | {licence} | {'page' if name in page else 'training'} |"
        )
    return result


def document(licences: list[dict[str, str]], bundled: dict[str, list[str]]) -> str:
    """The text of THIRD_PARTY.md."""
    lines = [HEAD.read_text(encoding="utf-8"), "## Packages", ""]
    lines += ["| package | version | licence | needed by |", "|---|---|---|---|", *rows(licences)]
    lines += ["", "## Libraries inside the wheels (Linux, x86-64)", ""]
    lines += ["| wheel | libraries |", "|---|---|"]
    pinned = {**locked(WHOLE), **locked(PAGE)}
    for name in sorted(bundled.keys() & pinned.keys()):
        lines.append(f"| {name} | {', '.join(bundled[name])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Asks an environment for its packages' licences and writes the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="of an environment of the locks")
    python = parser.parse_args().python
    asked = [str(Path(sys.executable).with_name("pip-licenses")), "--python", python]
    asked += ["--with-system", "--format", "json"]
    licences = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
    packages = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    OUT.write_text(document(licences, bundled_libraries(Path(packages))), encoding="utf-8")


if __name__ == "__main__":
    main()
