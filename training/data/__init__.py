"""Corpora to examples: in come gold files, out go tensors with their labels."""
