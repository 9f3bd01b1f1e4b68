"""PubTator, BioC and LitCoin: the same abstract says the same in every format."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from pathlib import Path

import pytest

from litcoin_batch.readers import read_gold, read_path, read_stream
from litcoin_batch.readers.parts.rows import FIRST_FOREIGN_PMID, split_ids
from litcoin_batch.schema import ConfigError, ContractError, Document, Mention, Reject, Relation

TITLE, ABSTRACT = "Loss of BRCA1 | a study", "BRCA1 c|SUB|A|12|G drives breast and ovarian cancer."
TEXT = f"{TITLE} {ABSTRACT}"


def row(surface: str, type: str, ids: str, after: int = 0, pmid: str = "7") -> str:
    start = TEXT.index(surface, after)
    return f"{pmid}\t{start}\t{start + len(surface)}\t{surface}\t{type}\t{ids}\n"


PUBTATOR = (
    f"7|t|{TITLE}\n7|a|{ABSTRACT}\n"
    + row("breast and ovarian cancer", "DiseaseOrPhenotypicFeature", "D001943,D010051")
    + row("BRCA1", "GeneOrGeneProduct", "672")
    + row("c|SUB|A|12|G", "SequenceVariant", "c|SUB|A|12|G")
    + row("study", "ChemicalEntity", "-")
    + "7\tBind\tD010051\t672\tNovel\n7\tAssociation\t672\tD001943\tNo\n7\tAssociation\t672\t672\tNo\n\n"
)


def read(text: str, format: str = "auto", **options) -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(text.encode()), "x", format, **options))


def without_place(documents: list[Document]) -> list[Document]:
    return [dataclasses.replace(document, source="", record=0) for document in documents]


def test_biored_dev_says_the_same_in_three_formats(shared_data):
    files = [shared_data / "biored" / f"Dev.{format}" for format in ("PubTator", "BioC.XML", "BioC.JSON")]
    pubtator, xml, json_ = (without_place(read_gold(file)) for file in files)
    assert len(pubtator) == 100
    assert pubtator == xml == json_
    assert sum(len(document.gold.mentions) for document in pubtator) == 3_533
    assert sum(len(document.gold.relations) for document in pubtator) == 1_162


def test_biored_train_keeps_its_self_relations(shared_data):
    pubtator, xml = (read_gold(shared_data / "biored" / name) for name in ("Train.PubTator", "Train.BioC.XML.gz"))
    relations = [relation for document in pubtator for relation in document.gold.relations]
    assert without_place(pubtator) == without_place(xml)
    assert (len(pubtator), len(relations)) == (400, 4_178)
    assert sum(relation.entity_1_id == relation.entity_2_id for relation in relations) == 3


def test_every_mention_slices_from_its_text_in_every_corpus(shared_data):
    files = [shared_data / "litcoin", *sorted((shared_data / "aux").glob("*/*dev.PubTator*"))]
    documents = read_gold(files)
    mentions = [(d.text[m.start : m.end], m.text) for d in documents for m in d.gold.mentions]
    assert len(mentions) > 40_000
    assert all(slice == text for slice, text in mentions)
    assert all(
        list(d.gold.mentions) == sorted(d.gold.mentions, key=lambda m: (m.start, m.end, m.type)) for d in documents
    )


def test_litcoin_counts(shared_data):
    documents = read_gold(shared_data / "litcoin")
    mentions = [mention for document in documents for mention in document.gold.mentions]
    relations = [relation for document in documents for relation in document.gold.relations]
    assert (len(documents), len(mentions), len(relations)) == (400, 13_636, 4_280)
    assert sum(not mention.entity_ids for mention in mentions) == 45
    assert sum(len(mention.entity_ids) > 1 for mention in mentions) == 376 + 8  # with commas; with semicolons only
    assert sum(relation.novel for relation in relations) == 2_958
    unlabelled = list(read_path(shared_data / "litcoin" / "abstracts_test.csv"))
    assert len(unlabelled) == 100
    assert {document.gold for document in unlabelled} == {None}


def test_litcoin_and_biored_agree_on_shared_documents(shared_data):
    biored = {d.pmid: d for d in read_gold(shared_data / "biored" / "Dev.PubTator")}
    shared = [d for d in read_gold(shared_data / "litcoin") if d.pmid in biored]
    assert len(shared) == 66
    assert [d.text for d in shared] == [biored[d.pmid].text for d in shared]


def test_relations_name_entities_of_their_document(shared_data):
    """Also those whose mentions write ``5595;5594``, as LitCoin does, for ``5595,5594``."""
    documents = read_gold(
        [shared_data / "litcoin", *(shared_data / "biored" / f"{part}.PubTator" for part in ("Train", "Dev"))]
    )
    ends = {(d.pmid, end) for d in documents for r in d.gold.relations for end in r.pair}
    entities = {(d.pmid, entity) for d in documents for entity in d.gold.entities()}
    assert ends <= entities and len(ends) > 3_000
    assert not [entity for _, entity in entities if ";" in entity]


def test_pubtator_example():
    (document,) = read(PUBTATOR)
    assert (document.pmid, document.title, document.abstract) == (7, TITLE, ABSTRACT)
    by_text = {mention.text: mention for mention in document.gold.mentions}
    assert by_text["breast and ovarian cancer"].entity_ids == ("D001943", "D010051")
    assert by_text["c|SUB|A|12|G"].entity_ids == ("c|SUB|A|12|G",)
    assert by_text["study"].entity_ids == ()
    assert document.gold.relations == (
        Relation("672", "672", "Association", False),
        Relation("672", "D001943", "Association", False),
        Relation("672", "D010051", "Bind", True),
    )


def test_pubtator_of_other_corpora():
    text = PUBTATOR.replace("\tNovel", "").replace("\tNo\n", "\n").replace("\t-\n", "\t-1\n")
    (document,) = read(text)
    assert [relation.novel for relation in document.gold.relations] == [False] * 3
    assert {m.text: m.entity_ids for m in document.gold.mentions}["study"] == ()
    (bare,) = read("8|t|Only a title\n")
    assert (bare.abstract, bare.gold.mentions) == (None, ())
    assert [d.pmid for d in read("8|t|A\n8|a|B\n9|t|C\n9|a|D\n\n\n")] == [8, 9]


def test_foreign_ids_are_stable_and_never_real_pmids(tmp_path):
    text = PUBTATOR.replace("7|", "PMC7|").replace("7\t", "PMC7\t", 1)
    text = "\n".join("PMC7" + line[1:] if line[:2] == "7\t" else line for line in text.split("\n"))
    (reject,) = read(text)
    assert isinstance(reject, Reject) and "'PMC7'" in reject.reason
    (one,), (again,) = read(text, foreign_ids=True), read(text, foreign_ids=True)
    assert one.pmid == again.pmid == one.gold.pmid
    assert FIRST_FOREIGN_PMID <= one.pmid < 2**63
    path = tmp_path / "x.PubTator"
    path.write_text(text)
    assert [document.pmid for document in read_gold(path)] == [one.pmid]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (row("BRCA1", "GeneOrGeneProduct", "672"), "7\t1\t6\tBRCA1\tGeneOrGeneProduct\t672\n", "'BRCA1' at 1-6"),
        (row("BRCA1", "GeneOrGeneProduct", "672"), "7\t1\n", "neither a mention nor a relation"),
        (row("BRCA1", "GeneOrGeneProduct", "672"), row("BRCA1", "Gene", "672", pmid="8"), "'8' in the block of '7'"),
        (row("BRCA1", "GeneOrGeneProduct", "672"), row("BRCA1", "", "672"), "no type"),
        ("\tNovel", "\tMaybe", "'Maybe'"),
        ("7|a|", "7|b|", "in the block of '7'"),
        ("7|t|", "x|t|", "PMID 'x'"),
        (TITLE, TITLE + "\x01", "U+0001"),
    ],
)
def test_a_bad_pubtator_block_is_rejected_alone(old, new, reason):
    other = "9|t|Another\n9|a|one\n\n"
    assert PUBTATOR.count(old) >= 1
    before, bad, after = read(other + PUBTATOR.replace(old, new, 1) + other, "pubtator")
    assert isinstance(bad, Reject) and reason in bad.reason and bad.record == 2
    assert (before.pmid, after.pmid) == (9, 9)


def bioc(offset: int = len(TITLE) + 1, surface: str = "BRCA1", novel: str = "No") -> dict:
    start = TEXT.index(surface)
    annotation = {
        "infons": {"type": "GeneOrGeneProduct", "identifier": "672"},
        "locations": [{"offset": start, "length": len(surface)}],
        "text": surface,
    }
    relation = {"infons": {"entity1": "D1", "entity2": "672", "type": "Bind", "novel": novel}}
    passages = [{"offset": 0, "text": TITLE, "annotations": [annotation]}, {"offset": offset, "text": ABSTRACT}]
    return {"id": "7", "passages": passages, "relations": [relation]}


def test_bioc_json_example_and_layouts():
    mention = Mention(TEXT.index("BRCA1"), TEXT.index("BRCA1") + 5, "GeneOrGeneProduct", "BRCA1", ("672",))
    layouts = [{"documents": [bioc()]}, {"PubTator3": [bioc()]}, [bioc()], bioc()]
    found = [read(json.dumps(layout)) for layout in layouts]
    assert [len(documents) for documents in found] == [1, 1, 1, 1]
    for (document,) in found:
        assert document.text == TEXT
        assert document.gold.mentions == (mention,)
        assert document.gold.relations == (Relation("672", "D1", "Bind", False),)


def test_bioc_passages_stand_at_their_offsets():
    (gap,) = read(json.dumps({"documents": [bioc(offset=len(TITLE) + 4)]}))
    assert gap.text == f"{TITLE}    {ABSTRACT}"
    (overlap,) = read(json.dumps({"documents": [bioc(offset=3)]}))
    assert isinstance(overlap, Reject) and "begins at 3" in overlap.reason


def test_bioc_relations_of_pubtator_3():
    relation = {
        "type": "Bind",
        "score": "0.9",
        "role1": {"identifier": "D1", "type": "Chemical"},
        "role2": {"identifier": "672"},
    }
    (of_json,) = read(json.dumps({"PubTator3": [{**bioc(), "relations": [{"infons": relation}]}]}))
    infons = {"type": "Bind", "score": "0.9", "role1": "Gene|672", "role2": "Mutation|c|SUB|A|12|G"}
    nodes = "".join(f'<infon key="{key}">{value}</infon>' for key, value in infons.items())
    passage = f"<passage><offset>0</offset><text>{TITLE}</text></passage>"
    (of_xml,) = read(f"<collection><document><id>7</id>{passage}<relation>{nodes}</relation></document></collection>")
    assert of_json.gold.relations == (Relation("672", "D1", "Bind", False, 0.9),)
    assert of_xml.gold.relations == (Relation("672", "c|SUB|A|12|G", "Bind", False, 0.9),)


def test_bad_bioc_documents_are_rejected_alone():
    split = bioc()
    split["passages"][0]["annotations"][0]["locations"] *= 2
    bad = [split, bioc(novel="Perhaps"), {"id": "7"}, {"id": None, "passages": []}, 3, {**bioc(), "passages": "text"}]
    items = read(json.dumps({"documents": [bioc(), *bad, bioc()]}))
    assert [isinstance(item, Reject) for item in items] == [False, *[True] * len(bad), False]
    assert "2 locations" in items[1].reason and "'Perhaps'" in items[2].reason


def test_cut_bioc_keeps_what_is_complete(shared_data):
    for name in ("Dev.BioC.XML", "Dev.BioC.JSON"):
        whole = (shared_data / "biored" / name).read_bytes()
        *documents, reject = read_stream(io.BytesIO(whole[: len(whole) // 2]), name)
        assert len(documents) > 30
        assert [d.pmid for d in documents] == [d.pmid for d in read_gold(shared_data / "biored" / name)][
            : len(documents)
        ]
        assert isinstance(reject, Reject) and reject.record == len(documents) + 1


def test_ids_split_at_commas_and_between_gene_numbers():
    assert split_ids("672,7157") == ("672", "7157")
    assert split_ids("c|DEL|1314_1328|") == ("c|DEL|1314_1328|",)
    assert split_ids("-") == split_ids("") == ()
    assert split_ids("373985,83453;25884, 1") == ("373985", "83453", "25884", "1")
    assert split_ids("c|SUB|T|920|G;Gene:23417") == ("c|SUB|T|920|G;Gene:23417",)
    assert split_ids("rs2234671;VariantGroup:0") == ("rs2234671;VariantGroup:0",)


@pytest.fixture
def litcoin(tmp_path: Path) -> Path:
    (tmp_path / "abstracts_a.csv").write_text(
        'abstract_id\ttitle\tabstract\n7\t"Say ""BRCA1"""\tBody\n8\tOther\tText\n'
    )
    (tmp_path / "entities_a.csv").write_text(
        "id\tabstract_id\toffset_start\toffset_finish\ttype\tmention\tentity_ids\n"
        '0\t7\t4\t11\tGeneOrGeneProduct\t"""BRCA1"""\t672\n1\t8\t0\t5\tChemicalEntity\tOther\t-\n'
    )
    (tmp_path / "relations_a.csv").write_text(
        "id\tabstract_id\ttype\tentity_1_id\tentity_2_id\tnovel\n0\t7\tBind\tD1\t672\tNovel\n"
    )
    return tmp_path


def test_litcoin_is_quoted(litcoin):
    one, other = read_gold(litcoin)
    assert one.text == 'Say "BRCA1" Body' and one.gold.mentions[0].text == '"BRCA1"'
    assert one.gold.relations == (Relation("672", "D1", "Bind", True),)
    assert other.gold.mentions[0].entity_ids == ()
    assert read_gold(litcoin / "abstracts_a.csv") == [one, other]


def test_litcoin_labels_that_do_not_fit_are_named(litcoin):
    entities = litcoin / "entities_a.csv"
    entities.write_text(
        entities.read_text().replace("\t0\t5\t", "\t1\t6\t") + "2\t99\t0\t1\tT\tx\t-\n3\tnobody\t0\t1\tT\tx\t-\n"
    )
    items = list(read_path(litcoin))
    reasons = [item.reason for item in items if isinstance(item, Reject)]
    assert [item.pmid for item in items if isinstance(item, Document)] == [7]
    assert len(reasons) == 3
    assert (
        any("'Other' at 1-6" in r for r in reasons)
        and any("id 99" in r for r in reasons)
        and any("'nobody'" in r for r in reasons)
    )


def test_gold_is_demanded(litcoin, tmp_path):
    shutil.copy(litcoin / "abstracts_a.csv", litcoin / "abstracts_b.csv")
    assert len(read_gold(litcoin)) == 2
    with pytest.raises(ContractError, match="has no annotation"):
        read_gold(litcoin / "abstracts_b.csv")
    bad = tmp_path / "bad.PubTator"
    bad.write_text(PUBTATOR + "x\n")
    with pytest.raises(ContractError, match="bad.PubTator, record 2"):
        read_gold([bad])
    with pytest.raises(ConfigError, match="does not exist"):
        read_gold(tmp_path / "missing")


def test_a_folder_stands_for_the_files_below_it(litcoin, tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    shutil.copytree(litcoin, folder / "tables", ignore=shutil.ignore_patterns("folder"))
    for name, pmid in (("b.PubTator", 9), ("a.PubTator", 8), ("deep/c.PubTator", 10)):
        (folder / name).write_text(f"{pmid}|t|A title\n")
    for name in ("a.PubTator.md5", ".hidden", "_SUCCESS"):
        (folder / name).write_text("no document")
    assert [item.pmid for item in read_path(folder)] == [8, 9, 10, 7, 8]
    shutil.copy(litcoin / "abstracts_a.csv", folder / "tables" / "abstracts_b.csv")
    assert [d.pmid for d in read_gold(folder)] == [8, 9, 10, 7, 8]  # not those without labels
    shutil.rmtree(folder / "tables")
    assert [(d.pmid, d.source) for d in read_gold(folder)] == [(8, "a.PubTator"), (9, "b.PubTator"), (10, "c.PubTator")]


def test_settings_that_cannot_be_followed_stop_at_once(tmp_path):
    with pytest.raises(ConfigError, match="without files"):
        read_path(tmp_path)
    with pytest.raises(ConfigError, match="does not exist"):
        read_path(tmp_path / "missing")
    with pytest.raises(ConfigError, match="'pdf'"):
        read_path(__file__, "pdf")
