"""What training of classifiers and of detectors share."""
