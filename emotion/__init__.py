"""Apparent facial expression in photos, live webcam and video.

    import emotion
    analyzer = emotion.load_analyzer()
    for face in analyzer.analyze(emotion.read_image(data)):
        print(face.label, face.probabilities.max(), face.xyxy)

A picture becomes faces in ``emotion.analyzer``; a face is found in ``emotion.detection``; a
probability is made in ``emotion.classifier``. Importing this loads neither TensorFlow, Streamlit,
aiortc nor av.
"""

from emotion.analyzer import Analyzer, load_analyzer
from emotion.errors import EmotionError
from emotion.images import read_image
from emotion.types import EMOTIONS, Detection, Face

__all__ = [
    "EMOTIONS",
    "Analyzer",
    "Detection",
    "EmotionError",
    "Face",
    "load_analyzer",
    "read_image",
]
