"""Model folders: the spec, where models are found, and the LiteRT runtime."""
