"""A compiled vocabulary gives back what it was written from, and says what is wrong with a folder that is not one."""

from __future__ import annotations

import json

import pytest

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import CELL_LINE, CHEMICAL, DISEASE, GENE, ORGANISM, Entry
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from litcoin_batch.concepts.vocabularies.vocabulary_files import (
    FILES,
    Contents,
    Facts,
    Kind,
    verify_vocabulary,
    write_vocabulary,
)
from litcoin_batch.schema import ENTITY_TYPES, ContractError

SYMBOL = Kind("symbol", "ncbi_gene")
LENT = Kind("lent", "babelgene")
DRUG = Kind("name", "mesh", 5)
NO_VARIANTS = ("SequenceVariant",)
HUMAN, MOUSE, RAT = 9606, 10090, 10116


@pytest.fixture
def folder(tmp_path):
    names = {
        GENE: {
            "tp53": [("7157", SYMBOL), ("22059", LENT), ("24842", LENT)],
            "trp53": [("22059", SYMBOL)],
            "p": [("7157", SYMBOL)],
            "was": [("7454", SYMBOL), ("100", SYMBOL)],
        },
        CHEMICAL: {"quetiapine": [("D000069348", DRUG)]},
        # More than one block of names and of concepts.
        DISEASE: {f"disease{i}": [(f"D{i:06}", DRUG)] for i in range(200)},
        ORGANISM: {"man": [("9606", DRUG)]},
        CELL_LINE: {"hela": [("CVCL_0030", DRUG)]},
    }
    concepts = {
        (GENE, "7157"): (HUMAN, Facts("TP53", animals=("22059", "24842"))),
        (GENE, "22059"): (MOUSE, Facts("Trp53", human=("7157",))),
        (GENE, "24842"): (RAT, Facts("Tp53", human=("7157",))),
        (GENE, "7454"): (HUMAN, Facts("WAS")),
        (GENE, "100"): (HUMAN, Facts("ADA")),
        (CHEMICAL, "D000069348"): (
            0,
            Facts("Quetiapine Fumarate", former_ids=("C069541",), trees=("D03.1", "D04.2"), written_id="C069541"),
        ),
        (CHEMICAL, "C069541"): (0, Facts("quetiapine", current_id="D000069348", written_id="C069541")),
        (CELL_LINE, "CVCL_0030"): (HUMAN, Facts("HeLa")),
        (ORGANISM, "9606"): (0, Facts("Homo sapiens")),
        **{(DISEASE, f"D{i:06}"): (0, Facts(f"Disease {i}")) for i in range(200)},
    }
    write_vocabulary(tmp_path / "small", Contents(names, concepts, ("was", "man"), NO_VARIANTS, {"sources": {}}))
    return tmp_path / "small"


def test_names_give_back_their_entries(folder):
    vocabulary = Vocabulary.open(folder)
    assert vocabulary.find("tp53", GENE) == (
        Entry("7157", GENE, HUMAN, "symbol", "ncbi_gene"),
        Entry("22059", GENE, MOUSE, "lent", "babelgene"),
        Entry("24842", GENE, RAT, "lent", "babelgene"),
    )
    found = [[e.concept_id for e in vocabulary.find(f"disease{i}", DISEASE)] for i in range(200)]
    assert found == [[f"D{i:06}"] for i in range(200)]
    assert vocabulary.find("quetiapine", CHEMICAL)[0].count == 5
    assert vocabulary.find("tp53", CHEMICAL) == () == vocabulary.find("tp5", GENE)


def test_names_that_may_mislead_are_marked(folder):
    vocabulary = Vocabulary.open(folder)
    marks = {key: [e.marks for e in vocabulary.find(key, GENE)] for key in ("tp53", "p", "was")}
    assert marks == {"tp53": [(), (), ()], "p": [("one-letter",)], "was": [("ambiguous", "everyday")] * 2}
    assert vocabulary.find("man", ORGANISM)[0].marks == ("everyday",)


def test_concepts_give_back_their_facts(folder):
    vocabulary = Vocabulary.open(folder)
    drug = vocabulary.concept("D000069348")
    assert (drug.type, drug.name, drug.former_ids, drug.trees, drug.current_id) == (
        *(CHEMICAL, "Quetiapine Fumarate", ("C069541",), ("D03.1", "D04.2"), None),
    )
    assert vocabulary.current("C069541", CHEMICAL) == "D000069348" == vocabulary.current("D000069348", CHEMICAL)
    assert (drug.written_id, vocabulary.concept("C069541").written_id) == ("C069541", None)
    assert [vocabulary.concept(f"D{i:06}", DISEASE).name for i in range(200)] == [f"Disease {i}" for i in range(200)]
    assert vocabulary.concept("7157", CHEMICAL) is None
    assert vocabulary.taxon_of_cell_line("CVCL_0030") == HUMAN
    assert vocabulary.taxon_of_cell_line("CVCL_9999") is None


def test_orthologues_stem_from_the_same_human_gene(folder):
    vocabulary = Vocabulary.open(folder)
    assert vocabulary.orthologues("22059") == ("7157", "24842")
    assert vocabulary.orthologues("7157") == ("22059", "24842")
    assert vocabulary.orthologues("1") == ()


def test_names_can_be_listed_by_their_beginning(folder):
    vocabulary = Vocabulary.open(folder)
    assert sorted(vocabulary.prefix("disease19", DISEASE)) == ["disease19", *(f"disease{i}" for i in range(190, 200))]
    assert len(vocabulary.prefix("disease", DISEASE, limit=7)) == 7
    assert sorted(vocabulary.names(GENE)) == ["p", "tp53", "trp53", "was"]
    assert vocabulary.name_of(vocabulary.number_of("trp53", GENE)) == (GENE, "trp53")


def test_a_users_names_replace_and_annotated_names_add(folder):
    vocabulary = Vocabulary.open(folder)
    rows = [Row("TP53", GENE, "1"), Row("Trp53", GENE, "22059")]
    own, annotated = vocabulary.layered(rows), vocabulary.layered(rows, replace=False)
    assert [(e.concept_id, e.kind) for e in own.find(fold("TP-53", GENE), GENE)] == [("1", "name")]
    assert [(e.concept_id, e.kind) for e in annotated.find("tp53", GENE)] == [
        *(("7157", "symbol"), ("1", "annotated"), ("22059", "lent"), ("24842", "lent")),
    ]
    assert annotated.find("trp53", GENE)[0].count == 1
    assert [e.concept_id for e in own.layered([Row("TP53", GENE, "2")]).find("tp53", GENE)] == ["2"]
    assert own.concept("7157", GENE).name == "TP53"
    assert len({v.vocabulary_id for v in (vocabulary, own, annotated, vocabulary.layered(rows[:1]))}) == 4


def test_equal_contents_have_one_id_and_other_contents_another(tmp_path):
    concepts = {(GENE, "1"): (HUMAN, Facts("A1BG")), (GENE, "2"): (HUMAN, Facts("A2M"))}
    names = {"a1bg": [("1", SYMBOL)], "a2m": [("2", SYMBOL)]}
    without = ENTITY_TYPES[1:]

    def write(folder, names, concepts):
        return write_vocabulary(tmp_path / folder, Contents({GENE: names}, concepts, without=without))

    first = write("a", names, concepts)
    again = write("b", dict(reversed(names.items())), dict(reversed(concepts.items())))
    other = write("c", {**names, "a2m": [("1", SYMBOL)]}, concepts)
    assert first == again != other
    assert verify_vocabulary(tmp_path / "a") == Vocabulary.open(tmp_path / "b").vocabulary_id == first


def test_a_type_without_names_is_refused_unless_on_purpose(tmp_path):
    contents = Contents({GENE: {"a1bg": [("1", SYMBOL)]}}, {(GENE, "1"): (HUMAN, Facts("A1BG"))})
    write_vocabulary(tmp_path / "genes", contents)
    with pytest.raises(ContractError, match="no names of type CellLine, ChemicalEntity, .*; expected all six types"):
        Vocabulary.open(tmp_path / "genes")


@pytest.mark.parametrize("name", FILES)
def test_damaged_and_missing_files_are_named(folder, name):
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ContractError, match=f"{name}: SHA-256 differs"):
        Vocabulary.open(folder)
    path.write_bytes(content[:-1])
    with pytest.raises(ContractError, match=f"{name}: {len(content) - 1} bytes, expected {len(content)}"):
        Vocabulary.open(folder)
    path.unlink()
    with pytest.raises(ContractError, match=f"{name}: missing"):
        Vocabulary.open(folder)


@pytest.mark.parametrize("key", ["format", "folding"])
def test_another_version_is_refused(folder, key):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: 99}))
    with pytest.raises(ContractError, match=f"{key} version 99, this version of litcoin-batch reads 1"):
        Vocabulary.open(folder)


def test_a_folder_without_or_with_another_manifest_is_refused(folder):
    with pytest.raises(ContractError, match="no manifest.json"):
        Vocabulary.open(folder.parent)
    for text in ("{}", "[1]", "no JSON"):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(ContractError, match="not the manifest of a vocabulary"):
            Vocabulary.open(folder)
