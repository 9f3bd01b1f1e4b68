"""Rows with pmid, title and abstract: delimited text, JSON and Parquet, own columns or those of known exports."""
