"""What the training of classifiers and of detectors has in common."""
