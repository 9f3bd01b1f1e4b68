"""Settings of ``jobs/benchmark.py``."""

from __future__ import annotations

from dataclasses import dataclass

from litcoin_batch.settings import setting


@dataclass(frozen=True, slots=True)
class BenchmarkConfig:
    """What ``jobs/benchmark.py`` can be told; ``conf/benchmark.yaml`` says what each key is for."""

    checkpoints: tuple[str, ...] = setting(
        ("transformer", "lstm", "rnn"),
        "A shipped checkpoint by name, or a folder.",
        option="--checkpoint",
        metavar="NAME_OR_DIR",
    )
    device: str = setting("auto", "Where the model runs; auto takes a GPU where there is one.", metavar="auto|cpu|cuda")
    documents: str | None = setting(
        None,
        "A file with abstracts, any format that the readers know; left out: the embedded sample, repeated.",
        metavar="FILE",
    )
    sizes: tuple[int, ...] = setting(
        (1_000, 4_000),
        "Number of documents.",
        "The difference of the largest and the smallest is what steady state is computed from.",
        option="--size",
    )
    cores: tuple[int, ...] = setting(
        (1, 2), "Cores of the Spark session, one after the other; the first is what the others are compared with."
    )
    partitions: int | None = setting(None, "Tasks of the model; left out: as annotate chooses.")
    batch_pieces: int = setting(16_384, "Padded word pieces per model batch.")
    precisions: tuple[str, ...] = setting(
        ("auto", "float32"),
        "Of large matrix products; the first is used by the jobs, the others are compared with it.",
        option="--precision",
        metavar="auto|float32|bfloat16|int8",
    )
    repeats: int = setting(3, "Turns that count; one more comes first and does not.")
    pair_marker_documents: int = setting(16, "Documents for one pass of the encoder per candidate pair.")
    recognition_documents: int = setting(
        700, "Documents for recognition as documentations show it (models loaded before)."
    )
    million_abstracts: float = setting(26.0, "So many million abstracts with text are all of PubMed.")
    projected_cores: tuple[int, ...] = setting(
        (16, 64, 256), "Cores like these on which all of PubMed is thought to run.", option="--projected-core"
    )
    output: str = setting(
        "benchmark",
        "Folder for benchmark.jsonl, benchmark.md, benchmark.html and the plots as SVG.",
        metavar="DIR",
    )
