import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.concepts.lexicon import SHIPPED, Lexicon, normalise
from litcoin_batch.concepts.lexicon_files import Row, read_rows, write_rows
from litcoin_batch.schema import ContractError

GENE, DISEASE, CHEMICAL, VARIANT = (
    "GeneOrGeneProduct",
    "DiseaseOrPhenotypicFeature",
    "ChemicalEntity",
    "SequenceVariant",
)
ROWS = [
    Row("IL-6", GENE, "3569"),
    Row("Il6", GENE, "16193"),
    Row("TNF-alpha", GENE, "7124"),
    Row("breast and ovarian cancer", DISEASE, "D001943,D010051"),
    Row("IL-6", CHEMICAL, "D015850"),
    Row("Arg506Gln", VARIANT, "rs6025"),
]


@pytest.fixture(params=["parquet", "tsv"])
def lexicon_file(request, tmp_path):
    path = tmp_path / "names.dat"
    if request.param == "parquet":
        assert write_rows(ROWS, path) == len(ROWS)
    else:
        path.write_text("\n".join("\t".join(row[:3]) for row in (Row._fields, *ROWS)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        (GENE, "TNF-α", "TNF alpha"),
        (GENE, "IL-6", "il6"),
        (GENE, "NF-κB", "NF-kappaB"),
        (DISEASE, "Parkinson's disease", "parkinson disease"),
        (DISEASE, "tumours", "Tumor"),
        (DISEASE, "HCCs", "HCC"),
        (DISEASE, "abscesses", "abscess"),
        (DISEASE, "type II diabetes", "type 2 diabetes"),
        (DISEASE, "type I diabetes", "type 1 diabetes"),
        (DISEASE, "leukaemias", "leukemia"),
        (DISEASE, "renal abnormalities", "renal abnormality"),
        (VARIANT, "p.Arg506Gln", "R506Q"),
        (VARIANT, "1691G->A", "c.1691G>A"),
    ],
)
def test_spellings_of_one_name_normalise_alike(type_, one, other):
    assert normalise(one, type_) == normalise(other, type_)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        (GENE, "HSP 7-1", "HSP 71"),
        (GENE, "IL-6", "IL-16"),
        (CHEMICAL, "+", "-"),
        (DISEASE, "virus", "viru"),
        (VARIANT, "R506Q", "R506K"),
    ],
)
def test_different_names_stay_different(type_, one, other):
    assert normalise(one, type_) != normalise(other, type_)


def test_a_name_as_written_wins_over_its_normalised_form():
    lexicon = Lexicon.from_rows(ROWS)
    assert lexicon.lookup("IL-6", GENE) == ("3569",)
    assert lexicon.lookup("Il6", GENE) == ("16193",)
    assert lexicon.lookup("IL 6", GENE) == ("3569",)


def test_lookup_knows_types_several_concepts_and_the_unknown():
    lexicon = Lexicon.from_rows(ROWS)
    assert lexicon.lookup("IL-6", CHEMICAL) == ("D015850",)
    assert lexicon.lookup("Breast and ovarian cancers", DISEASE) == ("D001943", "D010051")
    assert lexicon.lookup("R506Q", VARIANT) == ("rs6025",)
    assert lexicon.lookup("IL-6", DISEASE) == lexicon.lookup("IL-7", GENE) == ()


SPECIES = [
    Row("IL6", GENE, "3569", "9606"),
    Row("Il6", GENE, "16193", "10090"),
    Row("Il6", GENE, "24498", "10116"),
]


def test_the_first_organism_that_has_a_gene_of_the_name_decides():
    lexicon = Lexicon.from_rows(SPECIES)
    assert lexicon.lookup("IL-6", GENE) == lexicon.lookup("IL-6", GENE, ["7227"]) == ("3569",)
    assert lexicon.lookup("IL-6", GENE, ["7227", "10116", "10090"]) == ("24498",)
    assert lexicon.lookup("Il6", GENE, ["9606", "10090"]) == ("3569",)
    assert lexicon.lookup("IL-6", CHEMICAL, ["10116"]) == ()


@pytest.mark.parametrize("suffix", ["parquet", "tsv"])
def test_the_organism_is_kept_in_files(tmp_path, suffix):
    path = tmp_path / f"genes.{suffix}"
    if suffix == "parquet":
        write_rows([*SPECIES, ROWS[0]], path)
    else:
        lines = [Row._fields, *SPECIES, (*ROWS[0][:3], "")]
        path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    assert list(read_rows(path)) == [*SPECIES, ROWS[0]]


def test_a_later_file_also_overrides_the_genes_of_organisms(tmp_path):
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    write_rows([*SPECIES, Row("TNF", GENE, "21926", "10090")], first)
    write_rows([Row("Il-6", GENE, "MINE:1")], second)
    lexicon = Lexicon.read(first, second)
    assert lexicon.lookup("IL6", GENE, ["10090"]) == ("MINE:1",)
    assert lexicon.lookup("Tnf", GENE, ["10090"]) == ("21926",)


def test_the_first_row_of_a_name_wins():
    assert Lexicon.from_rows([Row("a", GENE, "1"), Row("a", GENE, "2")]).lookup("a", GENE) == ("1",)


def test_a_file_reads_back_as_its_rows(lexicon_file):
    assert list(read_rows(lexicon_file)) == ROWS
    lexicon = Lexicon.read(lexicon_file)
    expected = Lexicon.from_rows(ROWS)
    assert [lexicon.lookup(r.surface, r.type) for r in ROWS] == [expected.lookup(r.surface, r.type) for r in ROWS]
    assert len(lexicon) == len(expected) == 5


def test_later_files_override_earlier_ones_in_every_spelling(lexicon_file, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("concept_id\tsurface\ttype\nMINE:1\til-6\tGeneOrGeneProduct\n")
    lexicon = Lexicon.read(lexicon_file, own)
    assert lexicon.lookup("IL-6", GENE) == lexicon.lookup("Il6", GENE) == ("MINE:1",)
    assert lexicon.lookup("TNF-alpha", GENE) == ("7124",)
    assert Lexicon.read(own, lexicon_file).lookup("il-6", GENE) == ("3569",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column surface, type, concept_id is missing"),
        (b"surface\ttype\nx\tGeneOrGeneProduct\n", "column concept_id is missing"),
        (b"surface\ttype\tconcept_id\nx\tGene\t1\n", "line 2.*'Gene'.*GeneOrGeneProduct"),
        (b"surface\ttype\tconcept_id\nx\tGeneOrGeneProduct\t \n", "line 2.*must not be empty"),
        (b"surface\ttype\tconcept_id\nx\tGeneOrGeneProduct\n", "line 2: expected 3 columns, found 2"),
        (b"surface\ttype\tconcept_id\n\xff\xfe\x00", "UTF-8"),
        (b"PAR1 but damaged", "not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_lexicon_is_refused_by_name_and_place(tmp_path, content, message):
    path = tmp_path / "bad.lexicon"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=f"bad.lexicon.*{message}"):
        Lexicon.read(path)


def test_a_parquet_file_without_a_column_or_with_nulls_is_refused(tmp_path):
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"surface": ["x"], "type": [GENE]}), path)
    with pytest.raises(ContractError, match="concept_id is missing"):
        Lexicon.read(path)
    pq.write_table(pa.table({"surface": ["x"], "type": [GENE], "concept_id": pa.array([None], pa.string())}), path)
    with pytest.raises(ContractError, match="row 1.*must not be empty"):
        Lexicon.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ContractError, match="nowhere.tsv"):
        Lexicon.read(tmp_path / "nowhere.tsv")


def test_the_shipped_lexicon_knows_common_names():
    lexicon = Lexicon.read(SHIPPED)
    assert [lexicon.lookup(name, "OrganismTaxon") for name in ("patients", "mice", "Rats", "women")] == [
        ("9606",),
        ("10090",),
        ("10116",),
        ("9606",),
    ]
    assert lexicon.lookup("Hypertension", DISEASE) == ("D006973",)
