"""Expression classification: from a detected face to the probabilities of seven expressions."""
