"""Measurements of the whole way and of its parts, beside named baselines: see ``jobs/benchmark.py``."""
