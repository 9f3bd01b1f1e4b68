"""Spark as tests start it, quick for a few rows; ``python tests/support/quick_spark.py`` keeps its classes for Java.

Spark's classes are looked up in hundreds of archives and verified, a large part of what Java computes for a few documents. It maps
those that an earlier process has kept (class data sharing) from a file beside the packages of this environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CLASSES = Path(sys.prefix) / "spark-classes.jsa"
# One compiler and the simplest collector: the others pay in long runs. The 48 MB for compiled code that one compiler is given are
# soon full in a session of many tests, and Java interprets from then on.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
FEW_ROWS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    # Compiling queries over a few rows would cost more than running them.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Where in the code each expression was made is asked for by nobody.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


def java_options() -> str:
    """For every Java that tests start. Another Java than the one that kept the classes goes without them, silently."""
    return f"{_JAVA} -XX:SharedArchiveFile={CLASSES} -Xlog:disable" if CLASSES.is_file() else _JAVA


def conf(settings: dict[str, str]) -> list[str]:
    """``FEW_ROWS`` and ``settings`` as options of spark-submit."""
    return [word for key, value in (FEW_ROWS | settings).items() for word in ("--conf", f"{key}={value}")]


def keep_classes() -> None:
    """Annotate the embedded sample; Java writes at its end what it has loaded. Nothing is done where that has been done."""
    if CLASSES.is_file():
        return
    import pyspark

    with tempfile.TemporaryDirectory(dir=CLASSES.parent) as folder:
        new = Path(folder) / CLASSES.name
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_SUBMIT_OPTS": f"{_JAVA} -XX:ArchiveClassesAtExit={new} -Xlog:disable",
        }
        submit = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local[2]", *conf({})]
        job = ["jobs/annotate.py", "--checkpoint", "rnn", "--warehouse", f"{folder}/warehouse"]
        done = subprocess.run(
            submit + job, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(
                f"Spark's classes are not kept, tests go on without: exit {done.returncode}\n{done.stderr[-2000:]}"
            )
        # Whole at once: tests that begin meanwhile see all of it or nothing.
        new.replace(CLASSES)


if __name__ == "__main__":
    keep_classes()
