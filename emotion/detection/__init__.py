"""Finds faces: ``FaceDetector().detect(image)``.

``cascade`` is the detector, ``blazeface`` one network, ``views`` what a network sees of a picture,
``anchors`` the arithmetic of BlazeFace's outputs.
"""

from emotion.detection.cascade import DEFAULT_MIN_SCORE, FaceDetector

__all__ = ["DEFAULT_MIN_SCORE", "FaceDetector"]
