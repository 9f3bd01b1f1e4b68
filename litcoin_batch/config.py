"""Settings of ``litcoin-batch annotate``: defaults, then a YAML file, then the command line. Library code never sees them."""

from __future__ import annotations

from dataclasses import dataclass

from litcoin_batch.settings import setting

DEFAULT_CHECKPOINT = "transformer"
# Of ``readers``, which takes long to import as it brings every reader.
FORMATS = ("pubmed", "pubtator", "bioc", "litcoin", "jsonl", "csv", "parquet", "medline", "ris")


@dataclass(frozen=True, slots=True)
class AnnotateConfig:
    """What ``annotate`` can be told; its options and conf/annotate.yaml are made from these lines."""

    paths: tuple[str, ...] = setting(
        (),
        "Files, folders, glob patterns or URIs (hdfs://, s3a://); empty: the embedded sample.",
        "s3:// is read without Spark's jars for it: each task downloads its file.",
        option="",
        metavar="[PATH]...",
    )
    warehouse: str = setting(
        "warehouse", "Where the tables go: a folder or URI that the driver and all executors can write.", metavar="DIR"
    )
    format: str = setting("auto", "Format of the inputs; auto looks at the content.", choices=("auto", *FORMATS))
    checkpoint: str = setting(
        DEFAULT_CHECKPOINT,
        "A shipped checkpoint by name, or a folder.",
        "The folder may be on a shared path, at s3:// (each host downloads it once, to LITCOIN_BATCH_CACHE), or unpacked "
        "by --archives model.tar.gz#model (then: checkpoint: model).",
        metavar="NAME_OR_DIR",
    )
    device: str = setting(
        "auto", "Where the model runs; auto takes a GPU where a worker sees one.", metavar="auto|cpu|cuda"
    )
    vocabulary: str | None = setting(
        None,
        "A vocabulary's folder, which may be where a checkpoint's may; left out: the shipped one.",
        "Another one is as another checkpoint: rows name both, and `maintain rollout` brings it in.",
        metavar="DIR",
    )
    lexicon: tuple[str, ...] = setting(
        (),
        "Table of your own (Parquet or TSV: surface, type, concept id, taxon) whose names replace the vocabulary's.",
        metavar="PATH",
    )
    run_id: str | None = setting(
        None,
        "Identity of the run; a committed one is not done again.",
        "Left out: the time of the start.",
        metavar="ID",
    )
    partitions: int | None = setting(
        None, "Tasks of the model; left out: one for each core, more where documents are many."
    )
    annotate_titles: bool = setting(False, "Annotate records that have a title but no abstract, too.")
    fallback_texts: bool = setting(
        False, "Where PubMed has no abstract or no title, read an English OtherAbstract and the VernacularTitle."
    )
    max_text_chars: int = setting(
        100_000, "Longer texts are rejected: no abstract is that long, and one of them would stall its task."
    )
    batch_pieces: int = setting(16_384, "Padded word pieces per model batch: the bound on a worker's memory.")
    precision: str = setting(
        "auto",
        "Of large matrix products: float32, bfloat16, int8, or auto for the fastest.",
        "int8 needs an x86 CPU and a checkpoint that has the ranges of its inputs, as those shipped. Scores differ in the "
        "third decimal; name float32 where hosts of different kinds are to write the same rows: 8 bits are coarser "
        "without VNNI.",
        metavar="auto|float32|bfloat16|int8",
    )
    baseline: bool = setting(
        False, "The inputs are a new baseline of NLM, whole: in one step it replaces what NLM published before."
    )
    max_reject_share: float = setting(
        0.01,
        "Publish nothing where more than this share of the records is rejected (of 100 or more, and 10 of them at least).",
        share=True,
    )
    max_drop: float = setting(
        0.5,
        "Publish nothing where relations per document fall by more than this share against the median of the last runs.",
        share=True,
    )
    wait_minutes: float = setting(0.0, "How long to wait for another run on the same warehouse before giving up.")
    batch_timeout_sec: float = setting(
        600.0, "A model that says nothing for so long is ended, and its documents are tried one by one."
    )
    records: str | None = setting(
        None, "Put the record of the run there, too, as <run id>.json: s3://bucket/folder.", metavar="S3_ADDRESS"
    )
