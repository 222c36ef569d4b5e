"""Experiments: two ends joined by a network, and what they did."""
