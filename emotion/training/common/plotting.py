"""What all plots of the training share."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

DPI = 110


def save(figure: Figure, path: Path) -> None:
    """Writes the figure in the format that the file's suffix names."""
    figure.savefig(path, dpi=DPI)
