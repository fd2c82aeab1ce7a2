"""Clocks: when things happened, in what order, and what of that can be known."""
