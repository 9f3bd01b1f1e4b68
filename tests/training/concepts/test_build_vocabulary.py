"""Sources and annotated texts become one vocabulary: merged, lent, counted, guarded; what contradicts is refused."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import CHEMICAL, DISEASE, GENE, ORGANISM, VARIANT
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from litcoin_batch.schema import Mention
from published_vocabularies import GENE_INFO, MESH, NAMES_DMP, ORTHOLOGUES, compile_sources, write_recipe
from training.concepts.build_vocabulary import main
from training.data.vocabularies.annotated_names import biored_ids

GENES = {"layout": "gene_info", "files": [GENE_INFO]}
CHEMICALS = {"layout": "mesh", "files": [MESH]}
GOLD = [
    (11, "Il6 and glorbitis in mice, more mice.", "Glorbitis (C to T, 1691G>A) needs R506Q and 12G>A.", [
        ("Il6", GENE, "16193"), ("glorbitis", DISEASE, "D000001"), ("mice", ORGANISM, "10090"), ("Glorbitis", DISEASE, "D000002"),
        ("C to T", VARIANT, "rs1"), ("1691G>A", VARIANT, "rs6025"), ("12G>A", VARIANT, "c|SUB|G|12|A"),
    ]),
    (12, "IL6 in patients.", "IL6 causes glorbitis and breast and lung loss or nothing; Aspirin helps.", [
        ("IL6", GENE, "3569"), ("patients", ORGANISM, "9606"), ("glorbitis", DISEASE, "D000002"), ("Aspirin", CHEMICAL, "C000042"),
        ("breast and lung loss", DISEASE, "D000003,D000004"), ("nothing", DISEASE, "-"),
    ]),
    (13, "Acetylsalicylic acid", "and vgp7 in patients and frobnate.", [
        ("Acetylsalicylic acid", CHEMICAL, "C000042"), ("vgp7", GENE, "990001"), ("patients", ORGANISM, "9606"), ("frobnate", CHEMICAL, "C000001"),
    ]),
]  # fmt: skip


def pubtator(documents):
    blocks = []
    for pmid, title, abstract, names in documents:
        text = f"{title} {abstract}"
        lines = [f"{pmid}|t|{title}", f"{pmid}|a|{abstract}"]
        for surface, type_, concept_id in names:
            start = text.index(surface)
            lines.append(f"{pmid}\t{start}\t{start + len(surface)}\t{surface}\t{type_}\t{concept_id}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks) + "\n"


def build(tmp_path, *sources, gold=None, options=()):
    """The result and the opened vocabulary of ``sources``, with names of ``gold``."""
    if gold is not None:
        (tmp_path / "gold.PubTator").write_text(pubtator(gold))
        (tmp_path / "held_out.txt").write_text("990 991\n992\n")
        options = (
            "--gold",
            str(tmp_path / "gold.PubTator"),
            *(options or ("--exclude-pmids", str(tmp_path / "held_out.txt"))),
        )
    result, output = compile_sources(tmp_path, *sources, options=options)
    return result, Vocabulary.open(output) if result.exit_code == 0 else output


def entries(vocabulary, type_, name):
    return [(e.concept_id, e.kind, e.count) for e in vocabulary.find(fold(name, type_), type_)]


def error_of(result):
    assert result.exit_code == 1, result.output
    return " ".join(result.output.split())


def test_the_earlier_source_decides_a_names_kind_and_every_row_has_a_source(tmp_path):
    table = (
        "surface\ttype\tconcept_id\nBSF2\tGeneOrGeneProduct\t3569\nhybridoma growth factor\tGeneOrGeneProduct\t3569\n"
    )
    _, vocabulary = build(tmp_path, GENES, {"layout": "table", "name": "mine", "files": [table]})
    assert [(e.kind, e.source) for e in vocabulary.find("bsf2", GENE)] == [("name", "mine")]
    assert [(e.kind, e.source) for e in vocabulary.find("hybridomagrowthfactor", GENE)] == [("name", "mine")]
    assert vocabulary.concept("3569", GENE).name == "IL6"
    assert vocabulary.manifest["sources"]["mine"]["n_names"] == 2
    assert vocabulary.manifest["sources"]["gene_info"]["licence"] == "CC0-1.0"


def test_names_are_lent_to_orthologues(tmp_path):
    rat = GENE_INFO.splitlines()[0] + "\n10116\t24498\tIl6\t-\t-" + "\t-" * 11 + "\n"
    orthologues = {"layout": "orthologues", "files": [ORTHOLOGUES], "lend_to": [10116]}
    _, vocabulary = build(tmp_path, {"layout": "gene_info", "files": [GENE_INFO, rat]}, orthologues)
    assert entries(vocabulary, GENE, "BSF2") == [("3569", "synonym", 0), ("24498", "lent", 0)]
    # From the mouse, too, by way of the human gene; a name of its own stays one; nothing is lent to the mouse.
    assert ("24498", "symbol", 0) in entries(vocabulary, GENE, "Il6")
    assert "16193" not in [c for c, _, _ in entries(vocabulary, GENE, "BSF2")]
    assert vocabulary.orthologues("24498") == ("3569", "16193")


def test_annotated_names_are_added_and_counted(tmp_path):
    result, vocabulary = build(tmp_path, GENES, CHEMICALS, gold=GOLD)
    assert result.exit_code == 0, result.output
    assert entries(vocabulary, DISEASE, "GLORBITIS") == [("D000002", "annotated", 2), ("D000001", "annotated", 1)]
    assert entries(vocabulary, DISEASE, "breast and lung losses") == [("D000003,D000004", "annotated", 1)]
    assert ("3569", "symbol", 1) in entries(vocabulary, GENE, "IL6")
    assert entries(vocabulary, DISEASE, "nothing") == []
    assert vocabulary.manifest["sources"]["annotated"] == {"files": ["gold.PubTator"], "n_documents": 3}


def test_annotated_variants_are_kept_where_position_and_dbsnp_number_are_known(tmp_path):
    _, vocabulary = build(tmp_path, GENES, gold=GOLD)
    assert [c for name in vocabulary.names(VARIANT) for c in vocabulary.find(name, VARIANT)[0][:1]] == ["rs6025"]


def test_an_annotated_gene_that_no_source_has_is_of_the_organism_of_its_texts(tmp_path):
    _, vocabulary = build(tmp_path, GENES, gold=GOLD)
    assert vocabulary.find("vgp7", GENE)[0].taxon == 9606
    assert vocabulary.concept("16193", GENE).taxon == 10090


def test_ids_that_only_annotators_know_are_former_ids_of_what_their_names_mean_now(tmp_path):
    _, vocabulary = build(tmp_path, CHEMICALS, gold=GOLD)
    assert vocabulary.current("C000042", CHEMICAL) == "D001241"
    assert vocabulary.concept("D001241").former_ids == ("C000042",)
    assert (vocabulary.concept("D001241").written_id, vocabulary.concept("C000042").written_id) == ("C000042", None)
    # Nothing says what this one has become.
    assert vocabulary.current("C000001", CHEMICAL) == "C000001"


def test_old_ids_lead_to_current_ones(tmp_path):
    history = "#tax_id\tGeneID\tDiscontinued_GeneID\tDiscontinued_Symbol\n9606\t3569\t42\tOLD6\n9606\t-\t43\tGONE\n"
    merged = "666\t|\t562\t|\n"
    sources = ({"layout": "gene_history", "files": [history]}, {"layout": "merged_taxa", "files": [merged]})
    _, vocabulary = build(tmp_path, GENES, {"layout": "taxonomy", "files": [NAMES_DMP]}, *sources)
    assert (vocabulary.current("42", GENE), vocabulary.current("43", GENE)) == ("3569", "43")
    assert vocabulary.concept("3569", GENE).former_ids == ("42",)
    assert vocabulary.current("666", ORGANISM) == "562"


def test_names_are_joined_by_symbol_and_by_name(tmp_path):
    mouse = {
        "layout": "symbols_with_synonyms",
        "files": ["ID\tsymbol\tsynonyms\n1\tIl6\tHGF;Il-6\n2\tNope1\tx1\n"],
        "taxa": [10090],
    }
    adjectives = {
        "layout": "aliases",
        "files": ["surface\ttype\tsame_as\ncarcinogenic\tDiseaseOrPhenotypicFeature\tProstate cancer\n"],
    }
    result, vocabulary = build(tmp_path, GENES, CHEMICALS, mouse, adjectives)
    assert entries(vocabulary, GENE, "HGF") == [("16193", "synonym", 0)]
    assert entries(vocabulary, DISEASE, "carcinogenic") == [("D011471", "synonym", 0)]
    assert "1 symbol that no earlier source has, first at" in result.output
    assert (
        vocabulary.manifest["sources"]["symbols_with_synonyms"]["left_out"]["symbol that no earlier source has"]["n"]
        == 1
    )


def test_what_is_left_out_is_counted_with_its_first_place(tmp_path):
    genes = {**GENES, "leave_out": ["B-cell .*", "an invented clash .*", "il6"]}
    result, vocabulary = build(tmp_path, genes, CHEMICALS)
    left_out = vocabulary.manifest["sources"]["gene_info"]["left_out"]
    assert {reason: v["n"] for reason, v in left_out.items()} == {"of none of our types": 1, "that fit leave_out": 3}
    assert left_out["that fit leave_out"]["first"].endswith("gene_info0, line 2")
    # A record that is named so is left out whole.
    assert vocabulary.concept("1", GENE) is None
    assert vocabulary.manifest["sources"]["mesh"]["left_out"]["of none of our types"]["n"] == 1
    assert "of none of our types" in result.output


def test_only_names_that_fit_keep_and_concepts_that_are_known_are_taken(tmp_path):
    genes = {**GENES, "keep": ["I.*"]}
    table = "surface\ttype\tconcept_id\nhgf\tGeneOrGeneProduct\t3569\nhgf\tGeneOrGeneProduct\t99\n"
    _, vocabulary = build(tmp_path, genes, {"layout": "table", "files": [table], "known_only": True})
    assert sorted(vocabulary.names(GENE)) == ["hgf", "ifnb2", "il6"]
    assert [c for c, _, _ in entries(vocabulary, GENE, "hgf")] == ["3569"]
    reasons = vocabulary.manifest["sources"]["table"]["left_out"]
    assert {reason: v["n"] for reason, v in reasons.items()} == {"concept that no earlier source has": 1}


def test_two_sources_that_contradict_are_refused_by_both_places(tmp_path):
    table = "surface\ttype\tconcept_id\ttaxon\nIL6\tGeneOrGeneProduct\t3569\t10090\n"
    result, output = build(tmp_path, GENES, {"layout": "table", "files": [table]})
    expected = (
        "table0, line 2: GeneOrGeneProduct 3569 has the taxon 10090, but 9606 at .*gene_info0, line 2; expected one"
    )
    assert re.search(expected, error_of(result))
    assert not output.exists()
    history = "#tax_id\tGeneID\tDiscontinued_GeneID\n9606\t3569\t42\n9606\t3456\t42\n"
    result, _ = build(tmp_path, GENES, {"layout": "gene_history", "files": [history]})
    assert re.search(
        "line 3: GeneOrGeneProduct 42 has become 3456, but 3569 at .*line 2; expected one", error_of(result)
    )


def test_a_vocabulary_without_one_of_the_types_is_refused(tmp_path):
    recipe = write_recipe(tmp_path, [GENES], without=[VARIANT])
    result = CliRunner().invoke(main, ["--recipe", str(recipe), "--output", str(tmp_path / "out")])
    assert (
        "no source has names of type DiseaseOrPhenotypicFeature, ChemicalEntity, OrganismTaxon, CellLine; expected"
        in error_of(result)
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "gene_inof"}, "source 'x': layout 'gene_inof', expected one of mesh, gene_info"),
        ({"licence": None}, "source 'x': licence is missing; expected files, layout, licence, name"),
        ({"colour": 1}, "source 'x': unknown key colour; expected some of"),
        ({"files": ["nowhere.gz"]}, "source 'x': no such file: .*nowhere.gz"),
        ({"leave_out": ["("]}, "source 'x': leave_out: not a regular expression"),
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_be_followed_is_refused_by_source_and_key(tmp_path, change, message):
    entry = {"name": "x", "layout": "gene_info", "files": ["a"], "licence": "CC0-1.0"} | change
    lines = [f"{key}: {value!r}" for key, value in entry.items() if value is not None]
    (tmp_path / "a").write_text(GENE_INFO)
    (tmp_path / "recipe.yaml").write_text("sources:\n- " + "\n  ".join(lines) + "\n")
    result = CliRunner().invoke(main, ["--recipe", str(tmp_path / "recipe.yaml"), "--output", str(tmp_path / "out")])
    assert re.search(f"recipe .*recipe.yaml, {message}", error_of(result))


def test_evaluation_documents_are_refused(tmp_path):
    held_out, pmids = tmp_path / "dev.PubTator", tmp_path / "test_pmids.txt"
    held_out.write_text(pubtator(GOLD[1:2]))
    pmids.write_text("5\n13\n")
    for options in (("--exclude-gold", str(held_out)), ("--exclude-pmids", str(pmids))):
        result, output = build(tmp_path, GENES, gold=GOLD, options=options)
        assert "1 documents are evaluation documents" in error_of(result)
        assert not output.exists()


def test_names_are_not_taken_without_knowing_the_evaluation_documents(tmp_path):
    (tmp_path / "gold.PubTator").write_text(pubtator(GOLD))
    result, _ = build(tmp_path, GENES, options=("--gold", str(tmp_path / "gold.PubTator")))
    assert "--exclude-pmids" in error_of(result)


def test_a_file_that_holds_no_pmids_is_refused(tmp_path):
    pmids = tmp_path / "pmids.txt"
    pmids.write_text("13 PMID14")
    result, _ = build(tmp_path, GENES, gold=GOLD, options=("--exclude-pmids", str(pmids)))
    assert "'PMID14'" in error_of(result)


def test_names_of_auxiliary_corpora_are_counted_too_but_not_those_of_evaluation_documents(tmp_path):
    (tmp_path / "extra.PubTator").write_text(
        pubtator([
            (21, "Zed1 in mice", "and glorbitis with zorg or zerg.", [
                ("Zed1", "Gene", "77;78"), ("glorbitis", "Disease", "MESH:D000009"), ("zorg", "Disease", "MESH:D000008"), ("zerg", "Disease", "-1"),
            ]),
            (990, "Held out", "blurb disease.", [("blurb disease", "Disease", "D000007")]),
        ])
    )  # fmt: skip
    (tmp_path / "extra.yaml").write_text(
        "- name: extra\n  files: [extra.PubTator]\n  complete: [DiseaseOrPhenotypicFeature]\n"
        "  labels: {Gene: GeneOrGeneProduct, Disease: DiseaseOrPhenotypicFeature}\n  parts_per_epoch: 1\n"
    )
    (tmp_path / "held_out.txt").write_text("990")
    options = ("--exclude-pmids", str(tmp_path / "held_out.txt"), "--auxiliary", str(tmp_path / "extra.yaml"))
    result, vocabulary = build(tmp_path, GENES, gold=GOLD, options=options)
    assert result.exit_code == 0, result.output
    assert [c for c, _, _ in entries(vocabulary, DISEASE, "glorbitis")] == ["D000002", "D000001", "D000009"]
    assert entries(vocabulary, DISEASE, "zorg") == [("D000008", "annotated", 1)]
    assert entries(vocabulary, DISEASE, "blurb disease") == entries(vocabulary, DISEASE, "zerg") == []
    assert entries(vocabulary, GENE, "Zed1") == [("77,78", "annotated", 1)]


@pytest.mark.parametrize(
    ("type_", "written", "expected"),
    [
        (DISEASE, "MESH:D001943|D010051", ("D001943", "D010051")),
        (DISEASE, "OMIM:615812", ("OMIM:615812",)),
        (DISEASE, "D001943+nothing", ()),
        (GENE, "31220;33", ("31220", "33")),
        (GENE, "-1", ()),
        (VARIANT, "c|SUB|G|1691|A;HGVS:c.1691G>A;RS#:6025", ("rs6025",)),
        (VARIANT, "rs6025", ("rs6025",)),
        (VARIANT, "c|SUB|G|1691|A", ()),
        ("CellLine", "CVCL_0030", ("CVCL_0030",)),
        ("ambiguous", "T1", ()),
    ],
)
def test_ids_of_other_corpora_are_written_as_in_biored(type_, written, expected):
    assert biored_ids(Mention(0, 1, type_, "x", (written,))) == expected
