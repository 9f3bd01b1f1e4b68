"""Spellings of one name fold alike, different names do not."""

from __future__ import annotations

import pytest

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.schema import ENTITY_TYPES

CHEMICAL, DISEASE, GENE = "ChemicalEntity", "DiseaseOrPhenotypicFeature", "GeneOrGeneProduct"
VARIANT = "SequenceVariant"
ALIKE = [
    (CHEMICAL, "H\u2082O\u2082", "H2O2", "H(2)O(2)"),
    (CHEMICAL, "Ca\u00b2\u207a", "Ca2+", "Ca(2+)"),
    (CHEMICAL, "5\u2032-AMP", "5'-AMP", "5\u00b4-AMP", "5\u2019-AMP"),
    (CHEMICAL, "N\u2076-methyladenosine", "N6-methyladenosine"),
    (CHEMICAL, "sulphate", "sulfate"),
    (GENE, "TNF-\U0001d6fc", "TNF-\u03b1", "TNF-alpha", "TNF\u2010\u03b1", "TNF\u2212\u03b1"),
    (GENE, "TGF-\u00df1", "TGF-\u03b21", "TGF-beta 1"),
    (GENE, "IL\u200b-6", "IL-6", "IL\u00a06", "\ufeffIL-6", "IL\uff0d\uff16"),
    (GENE, "\u00b5-opioid receptor", "\u03bc-opioid receptor", "mu opioid receptors"),
    (DISEASE, "tu\u00admour", "tumor", "Tumours"),
    (DISEASE, "M\u00e9ni\u00e8re\u2019s disease", "Meniere's disease", "Me\u0301nie\u0300re disease"),
    (DISEASE, "\ufb01brosis", "fibrosis"),
    (DISEASE, "type II diabetes", "type 2 diabetes"),
    (DISEASE, "leukaemia", "leukemia", "Leukemias"),
    (DISEASE, "Parkinson's disease", "parkinson disease"),
    (DISEASE, "HCCs", "HCC"),
    (DISEASE, "abscesses", "abscess"),
    (DISEASE, "renal abnormalities", "renal abnormality"),
    (GENE, "NF-\u03baB", "NF-kappaB"),
    (VARIANT, "p.Arg506Gln", "R506Q"),
    (VARIANT, "1691G->A", "c.1691G>A"),
]
DIFFERENT = [
    (GENE, "IL-1", "IL-12", "IL-1-2"),
    (GENE, "TNF-\u03b1", "TNF-\u03b2"),
    (CHEMICAL, "H2O", "H2O2"),
    (CHEMICAL, "sulfate", "sulfite"),
    (DISEASE, "type 1 diabetes", "type 2 diabetes"),
    (DISEASE, "virus", "viru"),
    (GENE, "HSP 7-1", "HSP 71"),
    (CHEMICAL, "+", "-"),
    (VARIANT, "R506Q", "R506K"),
]


@pytest.mark.parametrize("type_, first, others", [(t, first, rest) for t, first, *rest in ALIKE])
def test_spellings_of_one_name_fold_alike(type_, first, others):
    assert {fold(other, type_) for other in others} == {fold(first, type_)}


@pytest.mark.parametrize("type_, names", [(t, names) for t, *names in DIFFERENT])
def test_different_names_fold_apart(type_, names):
    assert len({fold(name, type_) for name in names}) == len(names)


@pytest.mark.parametrize("type_", ENTITY_TYPES)
@pytest.mark.parametrize("surface", ["\u2026", "+", "\u00bd", "x", "N" * 10_000])
def test_whatever_is_visible_has_a_key(type_, surface):
    assert fold(surface, type_).strip()


def test_markup_in_a_name_is_folded_away():
    assert fold("H<sub>2</sub>O<sub>2", "ChemicalEntity") == fold("H2O2", "ChemicalEntity")
    assert fold("IL-1&beta;", "GeneOrGeneProduct") == fold("IL-1β", "GeneOrGeneProduct")
