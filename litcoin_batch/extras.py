"""Which extra brings a package that is not installed: ``pip install 'litcoin-batch[model]'``."""

from __future__ import annotations

# Top-level package -> the extra.
EXTRAS = {
    **dict.fromkeys(("pyspark", "py4j", "pandas"), "spark"),
    **dict.fromkeys(("torch", "transformers", "tokenizers", "safetensors"), "model"),
    **dict.fromkeys(("boto3", "botocore", "awscrt"), "s3"),
    **dict.fromkeys(("matplotlib",), "reports"),
    **dict.fromkeys(("duckdb", "deltalake"), "query"),
}


def missing(error: ModuleNotFoundError, what: str) -> str:
    """What to install for ``what``, whose import failed. A package that no extra brings is an error as it is."""
    package = (error.name or "").split(".")[0].lstrip("_")
    if package not in EXTRAS:
        raise error
    return f"{what} needs {package}, which is not installed: pip install 'litcoin-batch[{EXTRAS[package]}]'"
