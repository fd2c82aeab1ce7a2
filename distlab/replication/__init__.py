"""Replication: copies of the same data on several machines, and how they differ."""
