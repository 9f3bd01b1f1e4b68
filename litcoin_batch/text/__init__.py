"""Text cut to size: in come ``Document``s, out go sentences, words, word pieces with their spans, and abbreviations.

No torch, no Spark.
"""
