"""Finds faces: ``FaceDetector().detect(image)``.

``cascade`` is the detector, ``blazeface`` one network, ``views`` what a network sees of a picture,
``anchors`` the arithmetic of BlazeFace's outputs. ``single_shot`` is the detector that
``emotion train-detector`` makes, ``points`` the arithmetic of its outputs, ``spec`` its settings.
"""

from emotion.detection.cascade import DEFAULT_MIN_SCORE, FaceDetector
from emotion.detection.single_shot import SingleShotDetector

__all__ = ["DEFAULT_MIN_SCORE", "FaceDetector", "SingleShotDetector"]
