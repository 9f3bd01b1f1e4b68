"""Texts as counted words of one vocabulary: what the topic model sees of a document."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.ml.feature import CountVectorizerModel, RegexTokenizer, StopWordsRemover
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ConfigError

# A letter first, so that numbers are none; Greek letters and "il-6" are.
_WORD = r"\p{L}[\p{L}\p{N}]*(?:-[\p{L}\p{N}]+)*"
_MIN_CHARS = 3
# What abstracts say whatever they are about; the commonest words of English are left out besides.
_OF_ABSTRACTS = """
abstract aim aimed aims although among analysed analyses analysis analyzed approach assess assessed associated
association background based case cases compare compared comparison conclude concluded conclusion conclusions data
demonstrate demonstrated design determine determined different due effect effects evaluate evaluated evaluation evidence
examine examined factors find finding findings first following found four group groups high higher however identified
importance important include included including increase increased increases indicate indicated investigate
investigated known level levels low lower main many may mean measured method methods might model models n new non novel
number objective objectives observed obtained one outcome outcomes overall paper patient patients performed possible
potential present presented previous previously purpose rate rates recent related report reported reports respectively
result results review role setting several show showed shown shows significant significantly similar since studied
studies study subjects suggest suggested suggesting suggests three thus total two type use used using various versus
well whether within without year years
""".split()


@dataclass(frozen=True, slots=True)
class Counting:
    """Which words count: the ``n_words`` that are in most documents, yet in at least ``min_documents`` and in no
    larger share of them than ``max_share``.
    """

    n_words: int = 10_000
    min_documents: int = 5
    max_share: float = 0.3


@dataclass(frozen=True, slots=True)
class Bags:
    """``counts``: pmid, features (a sparse vector over ``words``), in an order of its own that stays the same;
    persisted. ``terms``: pmid, terms, computed anew where it is used.
    """

    counts: DataFrame
    terms: DataFrame
    words: tuple[str, ...]
    n_documents: int


def count_words(documents: DataFrame, counting: Counting, partitions: int) -> Bags:
    """``documents``: pmid, title, abstract. Raises ``ConfigError`` where too few words are left."""
    terms = _terms(documents)
    n_documents = terms.count()
    words = _vocabulary(terms, counting, n_documents)
    if len(words) < 2:
        raise ConfigError(
            f"{n_documents} documents have {len(words)} words in common, each in at least {counting.min_documents} documents"
            f" and at most {counting.max_share:.0%} of them: too few for topics"
        )
    vectors = CountVectorizerModel.from_vocabulary(words, inputCol="terms", outputCol="features").transform(terms)
    # The optimiser draws documents by their places: the same rows at the same places, whatever the inputs' files were.
    placed = vectors.select("pmid", "features").repartition(partitions, "pmid").sortWithinPartitions("pmid")
    return Bags(placed.persist(StorageLevel.MEMORY_AND_DISK), terms, tuple(words), n_documents)


def _terms(documents: DataFrame) -> DataFrame:
    text = F.concat_ws(" ", "title", "abstract").alias("text")
    cut = RegexTokenizer(
        inputCol="text", outputCol="cut", pattern=_WORD, gaps=False, toLowercase=True, minTokenLength=_MIN_CHARS
    )
    stop = StopWordsRemover(
        inputCol="cut",
        outputCol="terms",
        stopWords=[*StopWordsRemover.loadDefaultStopWords("english"), *_OF_ABSTRACTS],
    )
    return stop.transform(cut.transform(documents.select("pmid", text))).select("pmid", "terms")


def _vocabulary(terms: DataFrame, counting: Counting, n_documents: int) -> list[str]:
    """Sorted with ties broken by spelling, as ``CountVectorizer`` does not: equal runs have equal columns."""
    frequency = terms.select(F.explode(F.array_distinct("terms")).alias("word")).groupBy("word").count()
    chosen = frequency.where(
        (F.col("count") >= counting.min_documents) & (F.col("count") <= counting.max_share * n_documents)
    )
    return [row.word for row in chosen.orderBy(F.desc("count"), "word").limit(counting.n_words).collect()]
