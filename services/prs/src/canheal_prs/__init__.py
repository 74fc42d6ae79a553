"""Polygenic scores of a germline sample."""
