"""Boxes and affine maps, in pixels of an image."""
