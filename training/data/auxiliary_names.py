"""Concept ids of auxiliary corpora in the shape BioRED writes them, and the organisms their texts name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from litcoin_batch.concepts.lexicon_files import Row
from litcoin_batch.schema import Document, Mention
from training.data.corpora import Corpus

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


def named_documents(corpora: Iterable[Corpus], gold_rows: Iterable[Row]) -> list[Document]:
    """The corpora's documents with ids in BioRED's shape, and with the organisms that ``gold_rows`` know.

    Ids of another shape are dropped, all of a mention together.
    """
    taxa = {row.surface: row.concept_id for row in gold_rows if row.type == "OrganismTaxon"}
    names = "|".join(re.escape(name) for name in sorted(taxa, key=len, reverse=True))
    organisms = re.compile(rf"(?<!\w)(?:{names})(?!\w)") if taxa else None
    documents = []
    for corpus in corpora:
        for document in corpus.documents:
            mentions = [replace(m, entity_ids=biored_ids(m)) for m in document.gold.mentions]
            if organisms and "OrganismTaxon" not in corpus.complete:
                mentions += [
                    Mention(*match.span(), "OrganismTaxon", match.group(), (taxa[match.group()],))
                    for match in organisms.finditer(document.text)
                ]
            documents.append(replace(document, gold=replace(document.gold, mentions=tuple(mentions))))
    return documents


def biored_ids(mention: Mention) -> tuple[str, ...]:
    joined = ",".join(mention.entity_ids)
    if mention.type == "SequenceVariant":
        found = _RS.search(joined)
        return (f"rs{found[1] or found[2]}",) if found else ()
    shape = _SHAPES.get(mention.type)
    ids = tuple(part.strip().removeprefix("MESH:") for part in _SEPARATORS.split(joined))
    return ids if shape and all(shape.fullmatch(i) for i in ids) else ()
