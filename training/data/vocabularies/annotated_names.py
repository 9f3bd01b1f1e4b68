"""Names out of annotated texts: what annotators meant by them, how often, and which of a concept's ids they write."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError, Document, Mention

# Composite names: "D001943|D010051" in BC5CDR, "D001943+D010051" in NCBI Disease, "31220;33" in NLM-Gene.
_SEPARATORS = re.compile(r"[,;|+]")
_MESH_OR_OMIM = r"[CD]\d{6,9}|OMIM:\d+"
_SHAPES = {
    "GeneOrGeneProduct": re.compile(r"\d+"),
    "DiseaseOrPhenotypicFeature": re.compile(_MESH_OR_OMIM),
    "ChemicalEntity": re.compile(_MESH_OR_OMIM),
    "OrganismTaxon": re.compile(r"\d+"),
    "CellLine": re.compile(r"CVCL_\w+"),
}
# tmVar writes "c|SUB|G|1691|A;HGVS:c.1691G>A;RS#:6025".
_RS = re.compile(r"\brs(\d+)|RS#:(\d+)")
# A variant's name means the same elsewhere only if it gives a position: "C to T" does not.
_POSITION = re.compile(r"\d\d")


def biored_ids(mention: Mention) -> tuple[str, ...]:
    """The ids of a mention in the shape BioRED writes them; () where one has another shape. Of variants: dbSNP numbers only."""
    joined = ",".join(mention.entity_ids)
    if mention.type == "SequenceVariant":
        found = _RS.search(joined)
        return (f"rs{found[1] or found[2]}",) if found else ()
    shape = _SHAPES.get(mention.type)
    ids = tuple(part.strip().removeprefix("MESH:") for part in _SEPARATORS.split(joined))
    return ids if shape and all(shape.fullmatch(i) for i in ids) else ()


def annotated_rows(documents: Iterable[Document]) -> Iterator[Row]:
    """A row for each mention of gold documents that has ids: ``Vocabulary.layered(rows, replace=False)`` counts them."""
    for document in documents:
        for mention in document.gold.mentions:
            ids = biored_ids(mention) if mention.type in ENTITY_TYPES else ()
            if ids and mention.text.strip() and (mention.type != "SequenceVariant" or _POSITION.search(mention.text)):
                yield Row(mention.text, mention.type, ",".join(ids))


def gene_taxa(documents: Iterable[Document]) -> dict[str, str]:
    """Gene id -> the organism it most probably belongs to, where any document that names it names organisms.

    Each document that names the gene casts one vote, shared among the organisms it names by how often it names them.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        named = Counter(i for m in document.gold.mentions if m.type == "OrganismTaxon" for i in biored_ids(m))
        genes = {i for m in document.gold.mentions if m.type == "GeneOrGeneProduct" for i in biored_ids(m)}
        for gene in genes if named else ():
            votes[gene].update({taxon: n / named.total() for taxon, n in named.items()})
    return {gene: min(counts, key=lambda t: (-counts[t], t)) for gene, counts in votes.items()}


Counts = Mapping[tuple[str, str], Counter[str]]


def count_names(rows: Iterable[Row]) -> dict[tuple[str, str], Counter[str]]:
    """(type, folded name) -> how often each concept was meant."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.type, fold(row.surface, row.type)][row.concept_id] += 1
    return dict(counts)


def evaluation_pmids(gold_files: Iterable[Path], pmid_files: Iterable[Path]) -> frozenset[int]:
    """The PMIDs that no vocabulary may be built from; ``ConfigError`` where none are given."""
    pmids = {document.pmid for document in read_gold(gold_files)}
    for path in pmid_files:
        for word in path.read_text().split():
            if not word.isdigit():
                raise ConfigError(
                    f"--exclude-pmids {path}: expected PMIDs with white space between them, found {word!r}"
                )
            pmids.add(int(word))
    if not pmids:
        raise ConfigError(
            "expected --exclude-gold or --exclude-pmids: names taken from evaluation documents would leak their answers"
        )
    return frozenset(pmids)


def refuse_evaluation(documents: Iterable[Document], evaluation: frozenset[int]) -> None:
    leaked = sorted(evaluation & {document.pmid for document in documents})
    if leaked:
        raise ConfigError(
            f"--gold: {len(leaked)} documents are evaluation documents, e.g. PMID {leaked[0]}; "
            "names taken from them would leak their answers"
        )
