"""The built-in pictures: photographs in the public domain, so that one click shows a result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Sample:
    """name: of its JPEG in this folder. label: on its button."""

    name: str
    label: str

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.jpg"

    def read(self) -> bytes:
        """The JPEG's bytes."""
        return (Path(__file__).parent / self.file).read_bytes()


SAMPLES = (
    Sample(name="collins", label="Astronaut"),
    Sample(name="hopper", label="Officer"),
    Sample(name="pair", label="Two people"),
)
CREDIT = (
    "Eileen Collins (photo: NASA) and Grace Hopper (photo: James S. Davis, US Navy); "
    "both in the public domain."
)
