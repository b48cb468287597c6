"""One detector for all tests, trained by the command line on drawn faces."""

from pathlib import Path

import pytest

from emotion.cli import main
from tests.training.detector.drawn import write_pack


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder; beside it ``faces`` with the data and ``runs``."""
    folder = tmp_path_factory.mktemp("detector")
    data = folder / "faces"
    data.mkdir()
    write_pack(data, "train", 40)
    write_pack(data, "test", 12, seed=1)
    code = main([
        "train-detector", "--data", str(data), "--out", str(folder / "tiny"),
        "--runs", str(folder / "runs"), "--start-from", "yunet", "--epochs", "15",
        "--batch-size", "8", "--side", "96", "--learning-rate", "0.002",
    ])  # fmt: skip
    assert code == 0
    return folder / "tiny"
