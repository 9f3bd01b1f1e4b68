"""Spark itself: sessions, concurrent steps, progress."""
