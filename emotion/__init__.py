"""Apparent facial expression in photos, live webcam and video.

    import emotion
    analyzer = emotion.load_analyzer()
    for face in analyzer.analyze(emotion.read_image(data)):
        print(face.label, face.probabilities.max(), face.xyxy)
    for result in emotion.analyze_video("clip.mp4"):
        print(result.time_s, [face.label for face in result.faces])

A picture becomes faces in ``emotion.analyzer``; a face is found in ``emotion.detection``; a
probability is made in ``emotion.expression``. Importing this loads neither TensorFlow, Streamlit,
aiortc nor av.
"""

from typing import TYPE_CHECKING, Any

from emotion.analyzer import Analyzer, load_analyzer
from emotion.errors import EmotionError
from emotion.imaging.files import Photo, read_image, read_photo
from emotion.types import EMOTIONS, Detection, Face

if TYPE_CHECKING:
    from emotion.results.dataframe import to_dataframe
    from emotion.results.frames import FrameResult
    from emotion.video.pipeline import analyze_video

__version__ = "0.1.0"

__all__ = [
    "EMOTIONS",
    "Analyzer",
    "Detection",
    "EmotionError",
    "Face",
    "FrameResult",
    "Photo",
    "analyze_video",
    "load_analyzer",
    "read_image",
    "read_photo",
    "to_dataframe",
]

_ON_FIRST_USE = {
    "FrameResult": "emotion.results.frames",
    "analyze_video": "emotion.video.pipeline",
    "to_dataframe": "emotion.results.dataframe",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:
        """What recordings need, loaded when it is asked for: a photo starts without it."""
        from importlib import import_module

        if name not in _ON_FIRST_USE:
            raise AttributeError(f"module 'emotion' has no attribute {name!r}")
        return getattr(import_module(_ON_FIRST_USE[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
