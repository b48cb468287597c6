"""Data sets: reading what they come as, checking it, splitting it, and showing what is in it."""

from emotion.training.data.faces import LabelledFaces
from emotion.training.data.reading import read_faces

__all__ = ["LabelledFaces", "read_faces"]
