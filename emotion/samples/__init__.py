"""Sample photographs and a clip in the public domain: for one click on the page, for benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample photograph.

    Attributes:
        name: The name of its JPEG in this folder, without the suffix.
        label: What its button says.
    """

    name: str
    label: str

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.jpg"

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(__file__).parent / self.file

    def read(self) -> bytes:
        """The JPEG's bytes."""
        return self.path.read_bytes()


SAMPLES = (
    Sample(name="collins", label="Astronaut"),
    Sample(name="hopper", label="Officer"),
    Sample(name="pair", label="Two people"),
)
CREDIT = (
    "Eileen Collins (photo: NASA) and Grace Hopper (photo: James S. Davis, US Navy); "
    "both in the public domain. They look happy and neutral; we have no public-domain photographs "
    "of the other five expressions to show."
)
CLIP = Path(__file__).parent / "clip.mp4"
"""A clip of nine seconds made from the photographs by ``tools/make_sample_clip.py``."""
