"""Face detection: ``load_detector().detect(image)``.

- ``base``: the ``Detector`` interface, search options and candidate faces.
- ``hybrid``: the default detector (see ``models/DEFAULT_DETECTOR``). It searches photos with YuNet,
  refines the faces with BlazeFace, and weighs both scores by ``score_fusion``.
- ``single_shot``: runs YuNet, or what ``emotion train-detector`` made of it; ``anchor_points``
  decodes its outputs, ``spec`` holds its settings.
- ``blazeface``: a cascade of two published networks, which searches streams.
- Used by several: ``tiling`` (full-frame detection), ``refinement`` (ROI refinement), ``nms`` (box
  voting), ``quarter_turns`` (pictures that lie on their side), ``decoding``. ``loading`` finds each
  by its name.
"""

from emotion.detection.base import Detector, Effort, SearchOptions
from emotion.detection.loading import load_detector
from emotion.detection.single_shot import SingleShotDetector

__all__ = ["Detector", "Effort", "SearchOptions", "SingleShotDetector", "load_detector"]
