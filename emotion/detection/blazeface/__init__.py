"""The detector made of BlazeFace's networks: anchors, network, box convention and the cascade."""

from emotion.detection.blazeface.cascade import BlazeFaceDetector

__all__ = ["BlazeFaceDetector"]
