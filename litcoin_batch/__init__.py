"""litcoin-batch: who relates to whom in the biomedical literature, from raw citations to SQL."""

__version__ = "0.1.0"
