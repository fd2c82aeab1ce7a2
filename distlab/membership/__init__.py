"""Membership: who is there, who is alive, and how everyone comes to hear of it."""
