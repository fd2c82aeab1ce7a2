"""A course on distributed systems that runs.

A protocol is written once, as in its paper, and then simulated, checked, drawn,
broken, graded and run for real, without changing a line.
"""
