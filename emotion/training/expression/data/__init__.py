"""Data sets: reading, checking, splitting and statistics."""

from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.data.reading import read_faces

__all__ = ["LabelledFaces", "read_faces"]
