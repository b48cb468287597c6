"""Data sets: reading what they come as, checking it, splitting it, and showing what is in it."""

from emotion.training.expression.data.faces import LabelledFaces
from emotion.training.expression.data.reading import read_faces

__all__ = ["LabelledFaces", "read_faces"]
