"""Interpretation of the variants of a sample."""
