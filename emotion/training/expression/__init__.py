"""Training and evaluation of the expression classifier."""
