"""Write conf/annotate.yaml and conf/benchmark.yaml anew, from the dataclasses where their settings stand.

python jobs/write_settings.py
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.config import BenchmarkConfig
from litcoin_batch.config import AnnotateConfig
from litcoin_batch.settings import as_yaml

CONF = Path(__file__).resolve().parents[1] / "conf"


def main() -> None:
    for kind in (AnnotateConfig, BenchmarkConfig):
        name = kind.__name__.removesuffix("Config").lower()
        (CONF / f"{name}.yaml").write_text(as_yaml(kind, f"jobs/{name}.py"), encoding="utf-8")


if __name__ == "__main__":
    main()
