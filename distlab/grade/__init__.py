"""Judges a learner's answer: practice in the notebook, marks in a child process."""
