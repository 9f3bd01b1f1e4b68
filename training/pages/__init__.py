"""Runs and corpora to pages for people."""
