"""Replication: the same data on several machines, and what the copies may disagree on."""
