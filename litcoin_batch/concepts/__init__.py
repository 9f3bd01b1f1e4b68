"""Mentions named: in come mentions of a document, out go their concept ids and how sure they are.

No torch, no Spark.
"""
