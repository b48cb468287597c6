"""Finds faces: ``load_detector().detect(image)``.

``single_shot`` is the detector that ``emotion train-detector`` makes and that serves, ``points``
the arithmetic of its outputs, ``spec`` its settings, ``look`` how a known face is followed.
``cascade`` is the one made of BlazeFace's networks (``blazeface``, ``anchors``), ``yunet`` one of a
file of your own; ``views`` is what a network sees of a picture, ``named`` finds each by its name.
"""

from emotion.detection.named import Detector, load_detector
from emotion.detection.single_shot import SingleShotDetector

__all__ = ["Detector", "SingleShotDetector", "load_detector"]
