"""Documents with annotations that try what formats can hold: odd characters, several ids, none, scores, directions."""

from __future__ import annotations

from collections.abc import Mapping

from litcoin_batch.schema import Annotation, Document, Evidence, Mention, Relation

TITLE = "Aspirin & <ibuprofen> in “BRCA1” carriers \U0001f9ec"
ABSTRACT = (
    "Aspirin inhibits COX-2 in HeLa cells. BRCA1 c.68_69delAG and rs6025 raise the risk of breast | ovarian cancer."
)
# Surface -> type, concept ids; the first place counts.
_MENTIONS = {
    "Aspirin": ("ChemicalEntity", ("D001241",)),
    "ibuprofen": ("ChemicalEntity", ("D007052",)),
    "BRCA1": ("GeneOrGeneProduct", ("672", "12189")),
    "COX-2": ("GeneOrGeneProduct", ("5743",)),
    "HeLa": ("CellLine", ("CVCL_0030",)),
    "c.68_69delAG": ("SequenceVariant", ("c|DEL|68_69|AG",)),
    "rs6025": ("SequenceVariant", ("rs6025",)),
    "breast | ovarian cancer": ("DiseaseOrPhenotypicFeature", ("D001943", "OMIM:167000")),
    "carriers": ("OrganismTaxon", ()),
    "risk": ("DiseaseOrPhenotypicFeature", ("local:7:1",)),
}
# Two ids, type, novel, subject.
_RELATIONS = (
    ("D001241", "5743", "Negative_Correlation", True, "D001241"),
    ("5743", "D001943", "Association", False, None),
    ("D001241", "D007052", "Comparison", True, None),
    ("rs6025", "D001943", "Positive_Correlation", False, "rs6025"),
    ("D001241", "local:7:1", "Negative_Correlation", False, "D001241"),
)


def every_mention(text: str, names: Mapping[str, tuple[str, str]]) -> tuple[Mention, ...]:
    """Wherever one of the ``names`` (surface -> type, concept id) stands in the text, in order."""
    found = []
    for name, (type, entity_id) in names.items():
        at = text.find(name)
        while at >= 0:
            found.append(Mention(at, at + len(name), type, name, (entity_id,)))
            at = text.find(name, at + 1)
    return tuple(sorted(found, key=lambda m: (m.start, m.end)))


def annotated(pmid: int = 7, title: str | None = TITLE, abstract: str | None = ABSTRACT, **citation) -> Document:
    """A document whose annotation has every field set to something that is no default."""
    document = Document(pmid, title, abstract, **citation)
    text = document.text
    mentions = [
        Mention(text.index(name), text.index(name) + len(name), type, name, ids, 0.5 + len(name) / 100, 1 / len(name))
        for name, (type, ids) in _MENTIONS.items()
        if name in text
    ]
    named = {entity_id for mention in mentions for entity_id in mention.entity_ids}
    end = text.find(".") + 1
    evidence = (Evidence(0, end, text[:end]),) if end else ()
    relations = [
        Relation.between(one, two, type, novel, score=0.625, novel_score=0.1 + 0.2, evidence=evidence, subject=subject)
        for one, two, type, novel, subject in _RELATIONS
        if {one, two} <= named
    ]
    mentions.sort(key=lambda m: (m.start, m.end, m.type, m.entity_ids))
    relations.sort(key=lambda r: (r.pair, r.type, r.novel))
    from_gold = Annotation(pmid, tuple(mentions), tuple(relations))
    return Document(pmid, title, abstract, gold=from_gold, **citation)


def corpus() -> list[Document]:
    return [
        annotated(7, year=2024, journal="Nature & co"),
        annotated(8, title=None),
        annotated(9, abstract=None),
        annotated(10, title="Aspirin\u2028in two\rlines", abstract="COX-2\nagain\x85."),
        Document(11, "Nothing here", None, gold=Annotation(11)),
    ]
