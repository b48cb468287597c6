"""The benchmark: memory after each stage, and the chosen model in the process of its own too."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emotion.benchmarking import report
from emotion.cli import main
from emotion.samples import SAMPLES


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the benchmark would run in processes of their own."""
    found: list[list[str]] = []
    run_it = subprocess.run

    def run(command: list[str], **more: Any) -> Any:
        if "emotion" not in command:  # such as uname, which ``platform`` asks
            return run_it(command, **more)
        found.append(command)
        return None

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_memory_stands_beside_each_stages_time(
    commands: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", "--repeats", "1", "--json", str(tmp_path / "b.json")]) == 0
    result = json.loads((tmp_path / "b.json").read_text())
    tables = [result["stages"], *(live["stages"] for live in result["live"])]
    peaks = [row["peak_memory_mb"] for rows in tables for row in rows]
    assert min(peaks) > 20
    assert peaks == sorted(peaks), "a peak so far never falls"
    assert peaks[-1] <= result["peak_memory_mb"]
    printed = capsys.readouterr().out.splitlines()
    assert [line.endswith("  peak MB") for line in printed].count(True) == len(tables)
    assert printed[1].split() == [
        "detect", *(f"{result['stages'][0][name]:.2f}" for name in ("median_ms", "p95_ms")),
        f"{peaks[0]:.0f}",
    ]  # fmt: skip
    assert f"{result['peak_memory_mb']:.0f} MB at most" in printed[-1]
    assert not {"--model", "--head", "--detector"} & {part.split("=")[0] for part in commands[0]}


def test_the_first_result_is_of_the_chosen_model(
    commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def stages(*_: Any) -> list[dict[str, Any]]:
        started.append(len(commands))
        return []

    monkeypatch.setattr(report, "time_stages", stages)
    monkeypatch.setattr(report, "LIVE_FACES", ())
    chosen = ["--model=se_resnet", "--head=ferplus", "--detector=blazeface"]
    assert main(["benchmark", *chosen]) == 0
    (command,) = commands
    assert started == [1], "what this process grows to would count as the other's peak"
    assert command[1:5] == ["-m", "emotion", "analyze", str(SAMPLES[0].path)]
    assert set(chosen) < set(command)
