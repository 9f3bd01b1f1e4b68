import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.concepts.vocabularies.lexicon_files import Row, read_rows, write_rows
from litcoin_batch.schema import ContractError

GENE, DISEASE, VARIANT = "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature", "SequenceVariant"
ROWS = [
    Row("IL-6", GENE, "3569"),
    Row("Il6", GENE, "16193", "10090"),
    Row("breast and ovarian cancer", DISEASE, "D001943,D010051"),
    Row("Arg506Gln", VARIANT, "rs6025"),
]


@pytest.mark.parametrize("suffix", ["parquet", "tsv"])
def test_a_file_reads_back_as_its_rows(tmp_path, suffix):
    path = tmp_path / f"names.{suffix}"
    if suffix == "parquet":
        assert write_rows(ROWS, path) == len(ROWS)
    else:
        lines = [Row._fields, *((*row[:3], row.taxon or "") for row in ROWS)]
        path.write_text("\n".join("\t".join(line) for line in lines) + "\n", encoding="utf-8")
    found = [row._replace(taxon=row.taxon or None) for row in read_rows(path)]
    assert found == ROWS


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
        list(read_rows(path))


def test_a_parquet_file_without_a_column_or_with_nulls_is_refused(tmp_path):
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"surface": ["x"], "type": [GENE]}), path)
    with pytest.raises(ContractError, match="concept_id is missing"):
        list(read_rows(path))
    pq.write_table(pa.table({"surface": ["x"], "type": [GENE], "concept_id": pa.array([None], pa.string())}), path)
    with pytest.raises(ContractError, match="row 1.*must not be empty"):
        list(read_rows(path))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ContractError, match="nowhere.tsv"):
        list(read_rows(tmp_path / "nowhere.tsv"))
