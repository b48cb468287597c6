"""Evaluation of classifiers: protocols, metrics, plots, robustness, comparison and model cards."""
