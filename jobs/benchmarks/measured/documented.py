"""Recognition as the documentation of Spark and of Hugging Face shows it, and our own recognition to compare it with.

The model has the encoder of our checkpoint, with its weights, in 32 bits, and a token classifier on top. The classifier
is untrained and answers O throughout, the answer that costs least to put together; so what it says is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, PreTrainedTokenizerFast, pipeline

from benchmarks.measured.stages import FIXED_BATCH, Arithmetic
from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.vocabularies.table_vocabulary import TableVocabulary
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.batching.tags import N_TAGS
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.model.layers.encoders import TransformerEncoder
from litcoin_batch.warehouse.inference.loading import locate_checkpoint
from litcoin_batch.warehouse.inference.workers import annotate_with

MAX_PIECES = 512
_FOUND = "array<struct<start:int,end:int,type:string,score:double>>"


def is_transformer(checkpoint: str) -> bool:
    return Checkpoint.load(locate_checkpoint(checkpoint)).config.encoder["kind"] == "transformer"


def save_tagger(checkpoint: str, folder: Path) -> None:
    """The encoder of a checkpoint under a token classifier, in a folder that ``pipeline`` takes."""
    loaded = Checkpoint.load(locate_checkpoint(checkpoint))
    encoder = loaded.model.encoder
    if not isinstance(encoder, TransformerEncoder):
        raise TypeError(f"checkpoint {checkpoint}: a {type(encoder).__name__} has no place in a Hugging Face pipeline")
    config = AutoConfig.for_model(**encoder.backbone.config.to_dict())
    config.num_labels = N_TAGS
    tagger = AutoModelForTokenClassification.from_config(config)
    getattr(tagger, tagger.base_model_prefix).load_state_dict(encoder.backbone.state_dict())
    with torch.no_grad():
        tagger.classifier.weight.zero_()
        tagger.classifier.bias.copy_(torch.tensor([9.0, *[0.0] * (N_TAGS - 1)]))
    tagger.config.id2label = {i: "O" if i == 0 else f"{'BI'[(i - 1) % 2]}-{(i - 1) // 2}" for i in range(N_TAGS)}
    tagger.config.label2id = {name: i for i, name in tagger.config.id2label.items()}
    tagger.save_pretrained(folder)
    vocabulary = loaded.tokenizer.get_vocab()
    names = {
        key: name
        for key, name in zip(
            ("pad_token", "unk_token", "cls_token", "sep_token"), ("[PAD]", "[UNK]", "[CLS]", "[SEP]"), strict=True
        )
        if name in vocabulary
    }
    limit = min(MAX_PIECES, encoder.window)
    PreTrainedTokenizerFast(tokenizer_object=loaded.tokenizer, model_max_length=limit, **names).save_pretrained(folder)


@lru_cache(maxsize=1)
def _pipeline(folder: str) -> Callable:
    # Kept by the worker, as our model is: what is compared is the steady state.
    return pipeline("token-classification", model=folder, tokenizer=folder, aggregation_strategy="simple", device=-1)


def by_pipeline(documents: DataFrame, folder: str, partitions: int) -> DataFrame:
    """A pandas UDF around a Hugging Face pipeline: fixed batches in order of arrival."""

    @F.pandas_udf(_FOUND)
    def recognise(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        tagger = _pipeline(folder)
        for texts in batches:
            found = tagger(texts.tolist(), batch_size=FIXED_BATCH)
            yield pd.Series(
                [[(m["start"], m["end"], m["entity_group"], float(m["score"])) for m in some] for some in found]
            )

    return _texts(documents, partitions).select("pmid", recognise("text").alias("mentions"))


@lru_cache(maxsize=1)
def _tagger(folder: str) -> tuple[Callable, Callable]:
    return AutoTokenizer.from_pretrained(folder), AutoModelForTokenClassification.from_pretrained(folder).eval()


def by_predict_batch_udf(documents: DataFrame, folder: str, partitions: int) -> DataFrame:
    """``predict_batch_udf``: the tag of every piece; turning them into mentions is left to the reader, in its favour."""

    def make_predict() -> Callable[[np.ndarray], np.ndarray]:
        tokenizer, model = _tagger(folder)

        def predict(texts: np.ndarray) -> np.ndarray:
            given = tokenizer(
                texts.tolist(), truncation=True, padding=True, return_tensors="pt", return_token_type_ids=False
            )
            with torch.no_grad():
                return model(**given).logits.argmax(dim=-1).to(torch.int32).numpy()

        return predict

    tags = predict_batch_udf(make_predict, return_type=ArrayType(IntegerType()), batch_size=FIXED_BATCH)
    return _texts(documents, partitions).select("pmid", tags("text").alias("tags"))


def _texts(documents: DataFrame, partitions: int) -> DataFrame:
    return documents.repartition(partitions).select("pmid", F.concat_ws(" ", "title", "abstract").alias("text"))


@dataclass(frozen=True)
class RecognitionLoader:
    """Loads the model without candidate pairs and without a lexicon: what is left is recognition and local ids."""

    arithmetic: Arithmetic

    def __call__(self) -> Annotator:
        a = self.arithmetic
        checkpoint = Checkpoint.load(locate_checkpoint(a.checkpoint))
        checkpoint = replace(checkpoint, config=replace(checkpoint.config, type_pairs=()))
        return Annotator(
            checkpoint, Linker(TableVocabulary()), device=a.device, batch_pieces=a.batch_pieces, precision=a.precision
        )


def by_ours(documents: DataFrame, arithmetic: Arithmetic, partitions: int) -> DataFrame:
    return annotate_with(documents, RecognitionLoader(arithmetic), partitions)


WAYS = {"pandas UDF with pipeline": by_pipeline, "predict_batch_udf": by_predict_batch_udf}
