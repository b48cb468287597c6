"""Pictures: reading and writing files, YUV planes, and drawing on them."""
