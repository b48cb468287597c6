"""Measurements of the pipeline's stages on this machine, for ``emotion benchmark``.

``timing`` measures any step; ``stages`` the steps of a photo; ``live_stages`` those of a live
stream, which ``synthetic_camera`` makes; ``report`` gathers everything. Serving needs none of it.
"""
