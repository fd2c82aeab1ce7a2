"""Small protocols on which the vocabulary is tried before chapters lean on it."""
