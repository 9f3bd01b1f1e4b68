import pytest
from click.testing import CliRunner

from litcoin_batch.concepts.lexicon import SHIPPED, Lexicon
from litcoin_batch.concepts.lexicon_files import read_rows
from litcoin_batch.schema import Mention
from training.build_lexicon import main  # noqa: E402
from training.data.auxiliary_names import biored_ids  # noqa: E402

GENE, DISEASE, CHEMICAL, VARIANT, TAXON = (
    "GeneOrGeneProduct",
    "DiseaseOrPhenotypicFeature",
    "ChemicalEntity",
    "SequenceVariant",
    "OrganismTaxon",
)
GOLD = [
    (11, "Il6 and glorbitis in mice, more mice.", "Glorbitis (C to T, 1691G>A) needs R506Q and 12G>A.", [
        ("Il6", GENE, "16193"), ("glorbitis", DISEASE, "D1"), ("mice", TAXON, "10090"), ("Glorbitis", DISEASE, "D2"),
        ("C to T", VARIANT, "rs1"), ("1691G>A", VARIANT, "rs6025"), ("R506Q", VARIANT, "rs6025"), ("12G>A", VARIANT, "c|SUB|G|12|A"),
    ]),
    (12, "IL6 in patients.", "IL6 causes glorbitis and glorbitis and breast and lung loss or nothing.", [
        ("IL6", GENE, "3569"), ("patients", TAXON, "9606"), ("glorbitis", DISEASE, "D2"),
        ("breast and lung loss", DISEASE, "D3,D4"), ("nothing", DISEASE, "-"),
    ]),
    (13, "Glorbitis", "in patients and frobnate.", [
        ("Glorbitis", DISEASE, "D2"), ("patients", TAXON, "9606"), ("frobnate", CHEMICAL, "C1"),
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


def build(tmp_path, documents, *options, name="out"):
    gold, pmids, output = tmp_path / f"{name}.PubTator", tmp_path / "held_out.txt", tmp_path / f"{name}.parquet"
    gold.write_text(pubtator(documents))
    pmids.write_text("990 991\n992\n")
    options = options or ("--exclude-pmids", str(pmids))
    return CliRunner().invoke(main, ["--gold", str(gold), "--output", str(output), *options]), output


def test_each_name_gets_its_most_frequent_concept(tmp_path):
    result, output = build(tmp_path, GOLD)
    assert result.exit_code == 0, result.output
    lexicon = Lexicon.read(output)
    assert lexicon.lookup("GLORBITIS", DISEASE) == ("D2",)
    assert lexicon.lookup("breast and lung losses", DISEASE) == ("D3", "D4")
    assert lexicon.lookup("Frobnate", CHEMICAL) == ("C1",)
    assert lexicon.lookup("nothing", DISEASE) == ()


def test_variants_are_kept_where_position_and_dbsnp_number_are_known(tmp_path):
    _, output = build(tmp_path, GOLD)
    assert {row.surface for row in read_rows(output) if row.type == VARIANT} == {"1691G>A", "R506Q"}


def test_genes_carry_the_organism_of_their_documents(tmp_path):
    _, output = build(tmp_path, GOLD)
    assert {(row.concept_id, row.taxon) for row in read_rows(output) if row.type == GENE} == {
        ("16193", "10090"),
        ("3569", "9606"),
    }
    assert Lexicon.read(output).lookup("IL-6", GENE, ["10090"]) == ("16193",)


def test_equal_gold_in_any_order_gives_equal_files(tmp_path):
    _, first = build(tmp_path, GOLD, name="first")
    _, second = build(tmp_path, GOLD[::-1], name="second")
    assert first.read_bytes() == second.read_bytes()
    assert len(list(read_rows(first))) > 8


def test_evaluation_documents_are_refused(tmp_path):
    held_out = tmp_path / "dev.PubTator"
    held_out.write_text(pubtator(GOLD[1:2]))
    pmids = tmp_path / "test_pmids.txt"
    pmids.write_text("5\n13\n")
    for options in (("--exclude-gold", str(held_out)), ("--exclude-pmids", str(pmids))):
        result, output = build(tmp_path, GOLD, *options)
        assert result.exit_code != 0 and "1 documents are evaluation documents" in result.output
        assert not output.exists()


def test_a_lexicon_is_not_built_without_knowing_the_evaluation_documents(tmp_path):
    path = tmp_path / "gold.PubTator"
    path.write_text(pubtator(GOLD))
    result = CliRunner().invoke(main, ["--gold", str(path), "--output", str(tmp_path / "out.parquet")])
    assert result.exit_code != 0 and "--exclude-pmids" in result.output


def test_a_file_that_holds_no_pmids_is_refused(tmp_path):
    pmids = tmp_path / "pmids.txt"
    pmids.write_text("13 PMID14")
    result, _ = build(tmp_path, GOLD, "--exclude-pmids", str(pmids))
    assert result.exit_code != 0 and "'PMID14'" in result.output


def test_names_of_auxiliary_corpora_follow_after_those_of_the_gold(tmp_path):
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
    result, output = build(
        tmp_path, GOLD, "--exclude-pmids", str(tmp_path / "held_out.txt"), "--auxiliary", str(tmp_path / "extra.yaml")
    )
    assert result.exit_code == 0, result.output
    lexicon = Lexicon.read(output)
    assert lexicon.lookup("GLORBITIS", DISEASE) == ("D2",)
    assert lexicon.lookup("zorg", DISEASE) == ("D000008",)
    assert lexicon.lookup("blurb disease", DISEASE) == lexicon.lookup("zerg", DISEASE) == ()
    assert lexicon.lookup("Zed1", GENE, ["10090"]) == ("77", "78")
    assert [row.taxon for row in read_rows(output) if row.surface == "Zed1"] == ["10090"]


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


def test_the_shipped_lexicon_is_what_the_script_builds(shared_data, tmp_path, request):
    biored = shared_data / "biored"
    arguments = [
        "--gold",
        biored / "Train.PubTator",
        "--exclude-gold",
        biored / "Dev.PubTator",
        "--exclude-pmids",
        biored / "test_pmids.txt",
    ]
    arguments += [
        "--auxiliary",
        request.config.rootpath / "conf" / "lexicon.yaml",
        "--auxiliary-root",
        shared_data / "aux",
    ]
    output = tmp_path / "again.parquet"
    result = CliRunner().invoke(main, [*map(str, arguments), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert list(read_rows(output)) == list(read_rows(SHIPPED))
