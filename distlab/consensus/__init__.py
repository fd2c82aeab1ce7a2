"""Consensus: several nodes decide one thing, and never take it back."""
