"""Gold mentions of the toy texts of ``tiny_models``, and files of them."""

from __future__ import annotations

from annotated_documents import every_mention
from tiny_models import documents

MENTIONS = {
    "BRCA1": ("GeneOrGeneProduct", "672"),
    "TP53": ("GeneOrGeneProduct", "7157"),
    "breast cancer": ("DiseaseOrPhenotypicFeature", "D001943"),
    "Tamoxifen": ("ChemicalEntity", "D013629"),
    "patients": ("OrganismTaxon", "9606"),
    "Aspirin": ("ChemicalEntity", "D001241"),
    "Celecoxib": ("ChemicalEntity", "D000068579"),
    "COX-2": ("GeneOrGeneProduct", "5743"),
    "ulcer": ("DiseaseOrPhenotypicFeature", "D014456"),
    "Ulcers": ("DiseaseOrPhenotypicFeature", "D014456"),
}


def gold_mentions(document):
    return list(every_mention(document.text, MENTIONS))


def write_gold(path, pmids):
    """PubTator of the toy texts; every gene and disease of a text are associated."""
    blocks = []
    for pmid in pmids:
        document = documents(2)[pmid % 2]
        mentions = gold_mentions(document)
        lines = [f"{pmid}|t|{document.title}", f"{pmid}|a|{document.abstract}"]
        lines += [f"{pmid}\t{m.start}\t{m.end}\t{m.text}\t{m.type}\t{m.entity_ids[0]}" for m in mentions]
        ids = {
            kind: sorted({m.entity_ids[0] for m in mentions if m.type.startswith(kind)}) for kind in ("Gene", "Disease")
        }
        lines += [f"{pmid}\tAssociation\t{g}\t{d}\tNovel" for g in ids["Gene"] for d in ids["Disease"]]
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n\n")
    return path
