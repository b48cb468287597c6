"""``tests/install_tools.sh``: it installs system packages only where it may, and says so."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "install_tools.sh"


class Machine:
    """A PATH with nothing but stand-ins, which write down how they were called."""

    def __init__(self, folder: Path, *, user: int) -> None:
        self.folder, self.log = folder, folder / "log"
        self.program("id", f"echo {user}")
        self.program("env", 'shift; exec "$@"')
        self.program("sudo", 'echo "sudo $*" >> "$LOG"; exec "$@"')

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run(self, **env: str) -> tuple[int, str, str]:
        """Exit code, stderr, and the calls."""
        done = subprocess.run(
            [str(shutil.which("sh")), str(SCRIPT)],
            env={"PATH": str(self.folder), "LOG": str(self.log), "SBIN": "/none", **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == ""
        return done.returncode, done.stderr, self.log.read_text() if self.log.exists() else ""


def machine(folder: Path, *, user: int, apt: bool = True) -> Machine:
    made = Machine(folder, user=user)
    if apt:
        made.program("apt-get", 'echo "apt-get $*" >> "$LOG"')
    return made


def test_nothing_is_done_where_nothing_is_missing(tmp_path: Path) -> None:
    here = machine(tmp_path, user=0)
    here.program("chromium", "true")
    here.program("turnserver", "true")
    here.program("nginx", "true")
    assert here.run() == (0, "", "")


def test_a_user_is_told_and_nothing_is_installed(tmp_path: Path) -> None:
    here = machine(tmp_path, user=1000)
    here.program("chromium", "true")
    here.program("nginx", "true")
    code, stderr, called = here.run()
    assert code == 1
    assert "not on the PATH: coturn" in stderr
    assert "sudo apt-get install --no-install-recommends coturn" in stderr
    assert called == ""


@pytest.mark.parametrize(
    ("user", "env", "prefix"),
    [(0, {}, ""), (0, {"CI": "true"}, ""), (1000, {"CI": "true"}, "sudo ")],
)
def test_root_and_ci_install(tmp_path: Path, user: int, env: dict[str, str], prefix: str) -> None:
    code, stderr, called = machine(tmp_path, user=user).run(**env)
    assert code == 0
    assert "Installing: chromium coturn nginx-light" in stderr
    assert "apt-get install -q -y --no-install-recommends chromium coturn nginx-light\n" in called
    assert called.startswith(f"{prefix}apt-get update")


def test_nginx_is_found_where_only_root_looks(tmp_path: Path) -> None:
    here = machine(tmp_path, user=0)
    here.program("chromium", "true")
    here.program("turnserver", "true")
    sbin = tmp_path / "sbin"
    sbin.mkdir()
    assert here.run(SBIN=str(sbin))[2] != ""
    (sbin / "nginx").write_text("#!/bin/sh\n")
    (sbin / "nginx").chmod(0o755)
    here.log.unlink()
    assert here.run(SBIN=str(sbin)) == (0, "", "")


@pytest.mark.parametrize("user", [0, 1000])
def test_elsewhere_the_reader_is_told_what_to_install(tmp_path: Path, user: int) -> None:
    code, stderr, called = machine(tmp_path, user=user, apt=False).run(CI="true")
    assert code == 1
    assert "package manager" in stderr
    assert called == ""
