"""Images: reading and writing files, YUV planes, and drawing annotations."""
