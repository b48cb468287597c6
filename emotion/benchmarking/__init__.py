"""Measurements of the pipeline's stages on this machine."""
