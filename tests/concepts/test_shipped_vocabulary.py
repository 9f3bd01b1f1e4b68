"""The vocabulary in the package: small, complete, with what the field's names mean, its sources named as they ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import CELL_LINE, CHEMICAL, DISEASE, GENE, ORGANISM
from litcoin_batch.concepts.vocabularies.vocabulary import SHIPPED, Vocabulary
from litcoin_batch.concepts.vocabularies.vocabulary_files import MANIFEST

pytestmark = pytest.mark.skipif(
    not (SHIPPED / MANIFEST).is_file(),
    reason="a checkout without the compiled vocabulary (training/concepts/build_vocabulary.py)",
)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.open()


@pytest.mark.parametrize(
    ("type_", "name", "concept_id"),
    [
        (GENE, "TP53", "7157"),
        (GENE, "Trp53", "22059"),
        (GENE, "tumor necrosis factor-\u03b1", "24835"),  # the rat's, by loan
        (GENE, "interleukin 6", "3569"),
        (DISEASE, "breast cancer", "D001943"),
        (DISEASE, "COVID-19", "D000086382"),
        (DISEASE, "hypertensive", "D006973"),
        (CHEMICAL, "H\u2082O\u2082", "D006861"),
        (CHEMICAL, "olanzapine", "D000077152"),
        (CHEMICAL, "Pb", "D007854"),
        (ORGANISM, "patients", "9606"),
        (ORGANISM, "SARS-CoV-2", "2697049"),
        (ORGANISM, "E. coli", "562"),
        (CELL_LINE, "HeLa", "CVCL_0030"),
    ],
)
def test_names_of_the_field_are_known(vocabulary, type_, name, concept_id):
    assert concept_id in [entry.concept_id for entry in vocabulary.find(fold(name, type_), type_)]


def test_old_ids_lead_to_current_ones_and_annotators_habits_are_known(vocabulary):
    assert vocabulary.current("C076029", CHEMICAL) == "D000077152"
    assert vocabulary.concept("D000077152", CHEMICAL).written_id == "C076029"


def test_species_are_known(vocabulary):
    assert [vocabulary.taxon_of_gene(gene) for gene in ("7157", "22059", "24842")] == [9606, 10090, 10116]
    assert vocabulary.taxon_of_cell_line("CVCL_0030") == 9606
    assert {"22059", "24842"} <= set(vocabulary.orthologues("7157"))


def test_it_fits_into_the_wheel(vocabulary):
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 40_000_000
    assert len(vocabulary) > 1_000_000


def test_sources_that_ask_to_be_named_are_named(vocabulary):
    notice = (REPOSITORY / "NOTICE").read_text()
    named = {name: facts for name, facts in vocabulary.manifest["sources"].items() if "licence" in facts}
    asking = {name: facts["credit"] for name, facts in named.items() if facts["licence"].startswith("CC BY")}
    assert {"mgi", "rgd", "mondo", "cellosaurus"} <= asking.keys()
    assert [credit for credit in asking.values() if credit.split(",")[0] not in notice] == []
    assert all(facts["licence"] for facts in named.values())


def test_the_manifest_names_no_folder_of_the_machine_that_built_it(vocabulary):
    assert "/" not in "".join(
        first["first"]
        for facts in vocabulary.manifest["sources"].values()
        for first in facts.get("left_out", {}).values()
    )
