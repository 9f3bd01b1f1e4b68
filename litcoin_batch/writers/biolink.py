"""BioRED's types and ids in the words of the Biolink Model (Unni et al. 2022, doi:10.1002/cts.13302; release 4.4).

What each type of relation means is BioRED's guideline (Luo et al. 2022, doi:10.1093/bib/bbac282); Biolink has no
predicate for cotreatment and comparison. A correlation says more where one end is known to act upon the other: that is
then an effect on the activity or abundance of a gene or chemical, a cause or relief of a disease, or a risk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from litcoin_batch.schema import is_local

# BioRED took its entity types from Biolink.
CATEGORIES = {
    "GeneOrGeneProduct": "biolink:Gene",
    "DiseaseOrPhenotypicFeature": "biolink:DiseaseOrPhenotypicFeature",
    "ChemicalEntity": "biolink:ChemicalEntity",
    "SequenceVariant": "biolink:SequenceVariant",
    "OrganismTaxon": "biolink:OrganismTaxon",
    "CellLine": "biolink:CellLine",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """How an edge says it. ``reversed_``: its subject is the end that is acted upon. ``direction``: of the effect."""

    predicate: str
    category: str = "biolink:Association"
    direction: str | None = None
    reversed_: bool = False


# Where nobody knows which end acts, or neither does.
UNDIRECTED = {
    "Association": Statement("biolink:associated_with"),
    "Positive_Correlation": Statement("biolink:positively_correlated_with"),
    "Negative_Correlation": Statement("biolink:negatively_correlated_with"),
    "Bind": Statement("biolink:directly_physically_interacts_with"),
    "Cotreatment": Statement("biolink:related_to"),
    "Comparison": Statement("biolink:related_to"),
    "Drug_Interaction": Statement("biolink:pharmacologically_interacts_with"),
    "Conversion": Statement("biolink:related_to"),
}
_GENE, _CHEMICAL, _DISEASE = "GeneOrGeneProduct", "ChemicalEntity", "DiseaseOrPhenotypicFeature"
_VARIANT = "SequenceVariant"
_EFFECTS = {
    (_CHEMICAL, _GENE): "biolink:ChemicalAffectsGeneAssociation",
    (_GENE, _CHEMICAL): "biolink:GeneAffectsChemicalAssociation",
    (_GENE, _GENE): "biolink:GeneToGeneAssociation",
}
# Type of the relation, of the end that acts, and of the other; what is not here is said as if undirected.
DIRECTED = {
    **{
        (relation, *ends): Statement("biolink:affects", category, direction)
        for relation, direction in (("Positive_Correlation", "increased"), ("Negative_Correlation", "decreased"))
        for ends, category in _EFFECTS.items()
    },
    ("Positive_Correlation", _CHEMICAL, _DISEASE): Statement("biolink:contributes_to"),
    ("Negative_Correlation", _CHEMICAL, _DISEASE): Statement("biolink:ameliorates_condition"),
    **{
        (f"{sign}_Correlation", end, _DISEASE): Statement(f"biolink:associated_with_{change}_likelihood_of")
        for sign, change in (("Positive", "increased"), ("Negative", "decreased"))
        for end in (_GENE, _VARIANT)
    },
    ("Conversion", _CHEMICAL, _CHEMICAL): Statement("biolink:derives_from", reversed_=True),
}

_CURIE = re.compile(r"[A-Za-z][\w.]*:[^\s:/]+")
_MESH = re.compile(r"[CDQ]\d+")
_NUMBERED = {"GeneOrGeneProduct": "NCBIGene", "OrganismTaxon": "NCBITaxon"}


def statement_of(relation_type: str, acting: str | None, other: str) -> Statement | None:
    """``acting``: the type of the end that acts, None where it is not known. None for a type that BioRED has not."""
    undirected = UNDIRECTED.get(relation_type)
    return undirected if acting is None else DIRECTED.get((relation_type, acting, other), undirected)


def curie_of(entity_id: str, type: str) -> str | None:
    """The concept id with the prefix of its vocabulary; None where it is of none that is known here.

    >>> curie_of("672", "GeneOrGeneProduct"), curie_of("9606", "OrganismTaxon"), curie_of("D003924", "ChemicalEntity")
    ('NCBIGene:672', 'NCBITaxon:9606', 'MESH:D003924')
    >>> curie_of("CVCL_0023", "CellLine"), curie_of("rs6025", "SequenceVariant"), curie_of("OMIM:143100", "x")
    ('CVCL:0023', 'DBSNP:rs6025', 'OMIM:143100')
    >>> curie_of("c|SUB|G|1691|A", "SequenceVariant"), curie_of("local:12:1", "ChemicalEntity")
    ('tmVar:c%7CSUB%7CG%7C1691%7CA', None)
    """
    if is_local(entity_id):
        return None
    if entity_id.isascii() and entity_id.isdigit():
        return f"{_NUMBERED[type]}:{entity_id}" if type in _NUMBERED else None
    if _MESH.fullmatch(entity_id):
        return f"MESH:{entity_id}"
    if entity_id.startswith("CVCL_"):
        return f"CVCL:{entity_id.removeprefix('CVCL_')}"
    if type == _VARIANT:
        known = re.fullmatch(r"rs\d+", entity_id)
        return f"DBSNP:{entity_id}" if known else f"tmVar:{quote(entity_id, safe='')}"
    return entity_id if _CURIE.fullmatch(entity_id) else None
