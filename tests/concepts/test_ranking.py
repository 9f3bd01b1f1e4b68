"""Sureness, runners-up, independence of company, variants by gene: what the linker says besides an id."""

import json

import pytest

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.concepts.ranker import Ranker
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.table_vocabulary import TableVocabulary
from litcoin_batch.schema import ENTITY_TYPES, ContractError, Document, Mention

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
VOCABULARY = TableVocabulary(
    [
        Row("ZOG1", GENE, "11", "9606"),
        Row("ZOG1", GENE, "12", "10090"),
        Row("hypertension", DISEASE, "D006973"),
        Row("breast cancer", DISEASE, "D001943"),
        Row("ovarian cancer", DISEASE, "D010051"),
        Row("calcium", CHEMICAL, "D002118"),
        Row("nitrogen", CHEMICAL, "D009584"),
        Row("frobnate", CHEMICAL, "C000001"),
    ]
)
NUMBERS = VariantNumbers({("11", "p|SUB|V|600|E"): "rs1", ("12", "p|SUB|V|600|E"): "rs2"})


def linked(text, *wanted, ranker=None, pmid=7):
    document = Document(pmid, text, None)
    mentions = [
        Mention(document.text.index(name), document.text.index(name) + len(name), type_, name) for name, type_ in wanted
    ]
    return Linker(VOCABULARY, ranker, NUMBERS).link(document, mentions)


@pytest.mark.parametrize(
    ("name", "type_", "ids"),
    [
        ("hypertensive", DISEASE, ("D006973",)),
        ("cancer of the breast", DISEASE, ("D001943",)),
        ("breast and ovarian cancer", DISEASE, ("D001943", "D010051")),
        ("breast tumours", DISEASE, ("D001943",)),
        ("Ca(2+)", CHEMICAL, ("D002118",)),
        ("Ca\u00b2\u207a", CHEMICAL, ("D002118",)),
        ("frobnate hydrochloride", CHEMICAL, ("C000001",)),
        ("F\u00adrobnate", CHEMICAL, ("C000001",)),
    ],
)
def test_names_are_found_in_other_forms(name, type_, ids):
    assert linked(f"We saw {name} here.", (name, type_), ranker=Ranker())[0].entity_ids == ids


def test_a_letter_that_is_part_of_a_name_is_no_compound():
    vocabulary = TableVocabulary([Row("N", CHEMICAL, "D009584")])
    for text, resolved in (("in N,N-dimethylformamide", False), ("N-acetyl", False), ("levels of N, and", True)):
        document, start = Document(7, text, None), text.index("N")
        found = Linker(vocabulary, Ranker(), NUMBERS).link(document, [Mention(start, start + 1, CHEMICAL, "N")])
        assert found[0].resolved == resolved


def test_a_mention_below_the_least_sureness_stays_unresolved():
    doubting = Ranker(sureness={"d": -2.0}, least={DISEASE: 0.3})
    sure = Ranker(sureness={"d": 2.0}, least={DISEASE: 0.3})
    assert not linked("hypertension", ("hypertension", DISEASE), ranker=doubting)[0].resolved
    found = linked("hypertension", ("hypertension", DISEASE), ranker=sure)[0]
    assert found.entity_ids == ("D006973",)
    assert found.id_score == pytest.approx(0.8808, abs=1e-4)


def test_runners_up_begin_with_what_link_takes_and_fall():
    document = Document(7, "ZOG1 and quux", None)
    mentions = [Mention(0, 4, GENE, "ZOG1"), Mention(9, 13, GENE, "quux"), Mention(0, 4, DISEASE, "ZOG1", ("D9",))]
    linker = Linker(VOCABULARY, variants=NUMBERS)
    first, unknown, given = linker.runners_up(document, mentions)
    assert [choice.entity_ids for choice in first] == [("11",), ("12",)]
    assert first[0].entity_ids == linker.link(document, mentions)[0].entity_ids
    assert first[0].score >= first[1].score
    assert unknown == given == ()
    assert linker.runners_up(document, mentions, limit=1)[0] == first[:1]


def test_neither_company_nor_what_was_linked_before_changes_a_document():
    one = (
        Document(7, "ZOG1 in hypertension", None),
        [Mention(0, 4, GENE, "ZOG1"), Mention(8, 20, DISEASE, "hypertension")],
    )
    mice = (
        Document(8, "ZOG1 of mice", None),
        [Mention(0, 4, GENE, "ZOG1"), Mention(8, 12, ORGANISM, "mice", ("10090",))],
    )
    fresh = Linker(VOCABULARY, variants=NUMBERS).link(*one)
    used = Linker(VOCABULARY, variants=NUMBERS)
    assert used.link(*mice)[0].entity_ids == ("12",)
    assert used.link(*one) == fresh == used.link(*one)


@pytest.mark.parametrize("gene", [(), ("11",), ("12",)])
def test_a_change_has_the_number_that_it_has_in_its_gene(gene):
    document = Document(7, "ZOG1 V600E", None)
    mentions = [Mention(0, 4, GENE, "ZOG1", gene or ("99",)), Mention(5, 10, VARIANT, "V600E")]
    expected = {(): "p|SUB|V|600|E", ("11",): "rs1", ("12",): "rs2"}[gene]
    assert Linker(VOCABULARY, Ranker(), NUMBERS).link(document, mentions)[1].entity_ids == (expected,)


def test_every_change_of_a_mention_has_an_id():
    found = linked("V600E/K and T790M/C797S", ("V600E/K", VARIANT), ("T790M/C797S", VARIANT), ranker=Ranker())
    assert found[0].entity_ids == ("p|SUB|V|600|E", "p|SUB|V|600|K")
    assert found[1].entity_ids == ("p|SUB|T|790|M", "p|SUB|C|797|S")


def test_a_users_table_replaces_names_and_gives_numbers_by_gene(tmp_path):
    table = tmp_path / "own.tsv"
    rows = [("surface", "type", "concept_id"), ("blorbase", GENE, "77"), ("blorbase:p.V600E", VARIANT, "rs42")]
    table.write_text("\n".join("\t".join(row) for row in rows) + "\n", encoding="utf-8")
    document = Document(7, "blorbase V600E", None)
    mentions = [Mention(0, 8, GENE, "blorbase"), Mention(9, 14, VARIANT, "V600E")]
    with_table, without = open_linker(lexicon=table), open_linker()
    assert [m.entity_ids for m in with_table.link(document, mentions)] == [("77",), ("rs42",)]
    assert not without.link(document, mentions)[0].resolved
    assert with_table.vocabulary_id != without.vocabulary_id


def test_the_shipped_table_holds_well_known_changes():
    assert VariantNumbers.read().find("673", "p|SUB|V|600|E") == "rs113488022"


def test_a_ranker_reads_back_as_written(tmp_path):
    ranker = Ranker({"g:how=exact": 1.5}, {"g": -0.25}, {GENE: 0.3})
    ranker.write(tmp_path / "ranker.json")
    assert Ranker.read(tmp_path / "ranker.json") == ranker


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a ranker"),
        ("{}", "not a ranker"),
        (json.dumps({"format": 9, "choice": {}, "sureness": {}, "least": {}}), "format 9"),
        (json.dumps({"format": 1, "choice": {"a": "x"}, "sureness": {}, "least": {}}), "not a ranker"),
        (json.dumps({"format": 1, "choice": {}, "sureness": {}, "least": {"Gene": 0.5}}), "Gene"),
    ],
)
def test_a_file_that_is_no_ranker_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ContractError, match=f"bad.json.*{message}"):
        Ranker.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gene\tchange\n", "line 1.*gene, change, rs"),
        ("gene\tchange\trs\nBRAF\tp.V600E\trs1\n", "line 2.*gene id"),
        ("gene\tchange\trs\n673\tp.V600E\tunknown\n", "line 2.*dbSNP"),
        ("gene\tchange\trs\n673\tprose\trs1\n", "line 2.*'prose'"),
    ],
)
def test_a_table_of_variants_is_checked_by_line(tmp_path, content, message):
    path = tmp_path / "bad.tsv"
    path.write_text(content)
    with pytest.raises(ContractError, match=f"bad.tsv.*{message}"):
        VariantNumbers.read(path)


def test_a_table_of_variants_is_read_in_any_syntax(tmp_path):
    path = tmp_path / "numbers.tsv"
    path.write_text("gene\tchange\trs\n673\tp.Val600Glu\trs1\n673\tc|SUB|T|1799|A\t2\n")
    numbers = VariantNumbers.read(path)
    assert [numbers.find("673", change) for change in ("p|SUB|V|600|E", "c|SUB|T|1799|A", "p|SUB|V|600|K")] == [
        "rs1",
        "rs2",
        None,
    ]
