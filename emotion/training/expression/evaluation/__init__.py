"""How good a model is: protocols, figures, plots, robustness, comparison, and the model's card."""
