"""Checkpoints of ours for the workers of Spark: where a host finds them, and what they are verified by.

annotate(documents, "lstm")                              DataFrame -> DataFrame
register_sql(spark, "lstm")                              SELECT annotate(pmid, title, abstract) FROM ...
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark import SparkFiles, TaskContext
from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.concepts.vocabularies.vocabulary import resolve_vocabulary
from litcoin_batch.concepts.vocabularies.vocabulary_files import verify_vocabulary
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import resolve_checkpoint, verify_checkpoint
from litcoin_batch.model.cpu.hardware import PRECISIONS
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files.downloads import fetch_folder
from litcoin_batch.warehouse.files.objects import is_object
from litcoin_batch.warehouse.inference.devices import device_of_task
from litcoin_batch.warehouse.inference.workers import Loader, annotate_with, register_with
from litcoin_batch.warehouse.tables.schemas import made_by


@dataclass(frozen=True, slots=True)
class CheckpointLoader:
    """``checkpoint``: a shipped name, a folder all hosts see, one that ``--archives x.tar.gz#NAME`` unpacks, or
    ``s3://bucket/folder``, which each host downloads once. ``vocabulary``: a folder of the same kinds, None for the
    shipped one; ``lexicon``: tables whose names replace its meanings.
    """

    checkpoint: str
    device: str = "auto"
    lexicon: tuple[str, ...] = ()
    batch_pieces: int = 16_384
    precision: str = "auto"
    vocabulary: str | None = None

    def __call__(self) -> Annotator:
        annotator = Annotator.load(
            locate_checkpoint(self.checkpoint),
            device=self.device,
            vocabulary=locate_vocabulary(self.vocabulary),
            lexicon=self.lexicon or None,
            batch_pieces=self.batch_pieces,
            precision=self.precision,
        )
        annotator.model_id = made_by(annotator.model_id, annotator.vocabulary_id)
        return annotator

    def for_task(self) -> CheckpointLoader:
        """With the folders that this host has, and the GPU that Spark gave the running task."""
        vocabulary = locate_vocabulary(self.vocabulary)
        return replace(
            self,
            checkpoint=str(locate_checkpoint(self.checkpoint)),
            device=device_of_task(self.device),
            vocabulary=None if vocabulary is None else str(vocabulary),
        )

    def verify(self) -> str:
        """The ``model_id`` that rows will carry: checkpoint and vocabulary, see ``schemas.made_by``.

        Raises ``ContractError`` where the checkpoint, the vocabulary or a lexicon is missing or damaged, ``ConfigError``
        for a lexicon that is not there, for a device of no known kind and for an unknown precision.
        """
        if self.device.split(":")[0] not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"device {self.device!r}: expected auto, cpu or cuda")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision {self.precision!r}: expected {', '.join(PRECISIONS)}")
        for path in self.lexicon:
            if not Path(path).is_file():
                raise ConfigError(f"lexicon {path}: no such file")
        model_id = verify_checkpoint(locate_checkpoint(self.checkpoint))
        return made_by(model_id, open_linker(locate_vocabulary(self.vocabulary), self.lexicon or None).vocabulary_id)

    def verify_early(self) -> str | None:
        """``verify`` before Spark starts; None where a folder may be an archive that Spark is yet to unpack."""
        try:
            return self.verify()
        except ContractError:
            names = [name for name in (self.checkpoint, self.vocabulary) if name is not None]
            may_come = any(not Path(name).exists() and "/" not in name for name in names)
            if may_come and "PYSPARK_GATEWAY_PORT" in os.environ:  # started by spark-submit
                return None
            raise


def locate_checkpoint(name_or_dir: str) -> Path:
    """Where this process finds the checkpoint. Raises ``ContractError`` where it does not; else as ``_locate``."""
    return _locate(name_or_dir, verify_checkpoint) or resolve_checkpoint(name_or_dir)


def locate_vocabulary(folder: str | None) -> Path | None:
    """Where this process finds the vocabulary, None for the shipped one. Raises as ``locate_checkpoint``."""
    return None if folder is None else _locate(folder, verify_vocabulary) or resolve_vocabulary(folder)


def _locate(name_or_dir: str, verify: Callable[[Path], str]) -> Path | None:
    """A folder that had to be fetched or unpacked, None where it is none of these.

    From S3 it comes verified; raises as ``downloads.fetch_folder``. Containers of YARN and Kubernetes unpack archives
    into the working folder; elsewhere they lie in the folder of Spark's files.
    """
    if is_object(name_or_dir):
        return fetch_folder(name_or_dir, verify)
    runs_in_spark = TaskContext.get() is not None or SparkSession.getActiveSession() is not None
    if runs_in_spark and not Path(name_or_dir).is_dir():
        unpacked = Path(SparkFiles.get(name_or_dir))
        if unpacked.is_dir():
            return unpacked
    return None


def annotate(
    documents: DataFrame,
    checkpoint: str,
    *,
    device: str = "auto",
    vocabulary: str | None = None,
    lexicon: Sequence[str] | None = None,
    batch_pieces: int = 16_384,
    precision: str = "auto",
    partitions: int | None = None,
) -> DataFrame:
    """``tables.ANNOTATED`` for ``documents`` (columns pmid, title, abstract): a row for each that has text.

    Raises ``ContractError`` at once where the checkpoint or the vocabulary is missing or damaged. ``error`` is set, and
    the lists null, for a document that the model cannot annotate.
    """
    loader = CheckpointLoader(
        checkpoint=checkpoint,
        device=device,
        lexicon=tuple(lexicon or ()),
        batch_pieces=batch_pieces,
        precision=precision,
        vocabulary=vocabulary,
    )
    loader.verify()
    return annotate_with(documents, loader, partitions)


def register_sql(spark: SparkSession, checkpoint: str | Loader, name: str = "annotate") -> None:
    """Make ``name(pmid, title, abstract)`` a function of Spark SQL; its result is NULL where there is no text."""
    loader = CheckpointLoader(checkpoint) if isinstance(checkpoint, str) else checkpoint
    if isinstance(loader, CheckpointLoader):
        loader.verify()
    register_with(spark, loader, name)
