"""NLM citations: text, fields, deletions, and the accounting law on real files."""

from __future__ import annotations

import gzip
import io
import re
from datetime import date

import pytest
from lxml import etree

from litcoin_batch.readers import read_path, read_stream
from litcoin_batch.readers.pubmed import source_order
from litcoin_batch.schema import Document, Reject

MATHML = 'xmlns:mml="http://www.w3.org/1998/Math/MathML"'


def article(inside: str, pmid: str = "<PMID>1</PMID>", after: str = "") -> str:
    return f"<PubmedArticle><MedlineCitation>{pmid}<Article>{inside}</Article>{after}</MedlineCitation></PubmedArticle>"


def citation_set(*records: str, head: str = '<?xml version="1.0"?>', root: str = "PubmedArticleSet") -> bytes:
    return f"{head}<{root}>{''.join(records)}</{root}>".encode()


def read(data: bytes, format: str = "pubmed", source: str = "x.xml") -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data), source, format))


def read_one(inside: str, **parts: str) -> Document:
    (document,) = read(citation_set(article(inside, **parts)))
    assert isinstance(document, Document), document
    return document


def abstract_of(inside: str) -> str | None:
    return read_one(f"<Abstract>{inside}</Abstract>").abstract


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<i>TP53</i>-null", "TP53-null"),
        ("Ca<sup>2+</sup> and H<sub>2</sub>O", "Ca2+ and H2O"),
        ("<b>a <i>b<u>c</u></i></b> d", "a bc d"),
        ("a<i>b</i> <b>c</b>", "ab c"),
        (f"IFN-<mml:math {MATHML}><mml:mi>γ</mml:mi></mml:math> was", "IFN-γ was"),
        ("IFN-<mml:math><mml:mi>γ</mml:mi></mml:math> was", "IFN-γ was"),
        ("one<!-- not text -->two<?no text?> three", "onetwo three"),
        ("a\u00a0b\n\t c\u2009d", "a b c d"),
        ("<![CDATA[p < 0.05 </PubmedArticle>]]> seen", "p < 0.05 </PubmedArticle> seen"),
        ("x<!-- </PubmedArticle><PubmedArticle> -->y", "xy"),
        ("&lt;5 &amp; &#x3b1;-helix", "<5 & α-helix"),
    ],
)
def test_mixed_content_neither_glues_nor_splits_words(markup, text):
    document = read_one(
        f"<ArticleTitle>{markup}</ArticleTitle><Abstract><AbstractText>{markup}</AbstractText></Abstract>"
    )
    assert (document.title, document.abstract) == (text, text)


def test_labelled_sections_are_joined_as_biored_has_them(shared_data):
    joined = abstract_of(
        '<AbstractText Label="OBJECTIVE">A b.</AbstractText>\n <AbstractText Label="RESULTS">C.</AbstractText>'
    )
    assert joined == "OBJECTIVE: A b. RESULTS: C."
    labels = re.compile(r"\|a\|OBJECTIVE: \S.*\S RESULTS: \S")
    assert labels.search((shared_data / "biored" / "Dev.PubTator").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("sections", "text"),
    [
        ('<AbstractText Label="UNLABELLED" NlmCategory="X">A.</AbstractText>', "UNLABELLED: A."),
        ('<AbstractText NlmCategory="METHODS">A.</AbstractText>', "A."),
        ('<AbstractText Label="METHODS:">A.</AbstractText>', "METHODS: A."),
        ('<AbstractText Label="METHODS"/><AbstractText>B.</AbstractText>', "B."),
        ("<AbstractText>A.</AbstractText><CopyrightInformation>Mine</CopyrightInformation>", "A."),
        ("<AbstractText> \n</AbstractText>", None),
        ("", None),
    ],
)
def test_sections(sections, text):
    assert abstract_of(sections) == text


def test_what_belongs_to_others_stays_out():
    foreign = (
        "<OtherAbstract><AbstractText>Autre</AbstractText></OtherAbstract>"
        "<CommentsCorrectionsList><CommentsCorrections><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>"
    )
    document = read_one("<ArticleTitle>T</ArticleTitle>", after=foreign)
    assert (document.pmid, document.title, document.abstract) == (1, "T", None)


def test_fields():
    journal = (
        "<Journal><JournalIssue><PubDate><MedlineDate>2015 Oct-Dec</MedlineDate></PubDate></JournalIssue>{}</Journal>"
    )
    titled = journal.format("<Title>Long name</Title><ISOAbbreviation>Short</ISOAbbreviation>")
    revised = "<DateRevised><Year>2026</Year><Month>01</Month><Day>31</Day></DateRevised>"
    document = read_one(titled, pmid=f'<PMID Version="3">12</PMID>{revised}')
    assert (document.pmid, document.version, document.year, document.journal) == (12, 3, 2015, "Long name")
    assert document.revised == date(2026, 1, 31)
    online = '<ArticleDate DateType="Electronic"><Year>2014</Year></ArticleDate>'
    assert read_one(titled.replace("2015 Oct-Dec", "Winter") + online).year == 2014
    assert read_one(titled + online).year == 2015
    assert read_one(journal.format("<ISOAbbreviation>Short</ISOAbbreviation>")).journal == "Short"
    impossible = revised.replace("31", "32")
    assert read_one("", pmid=f"<PMID>1</PMID>{impossible}").revised is None


def test_book_chapters_and_books():
    book = "<Book><BookTitle>StatPearls</BookTitle><PubDate><Year>2024</Year></PubDate></Book>"
    record = "<PubmedBookArticle><BookDocument><PMID>{}</PMID>{}</BookDocument></PubmedBookArticle>"
    chapter = f"{book}<ArticleTitle>Gout</ArticleTitle><Abstract><AbstractText>Urate.</AbstractText></Abstract>"
    one, other = read(citation_set(record.format(1, chapter), record.format(2, book)))
    assert (one.title, one.abstract, one.journal, one.year) == ("Gout", "Urate.", "StatPearls", 2024)
    assert (other.title, other.journal) == ("StatPearls", None)


def test_deletions_are_documents_of_their_own():
    deletion = '<DeleteCitation><PMID Version="2">7</PMID><PMID>x</PMID><PMID>9</PMID></DeleteCitation>'
    kept, first, bad, last = read(citation_set(article(""), deletion))
    assert [(d.pmid, d.version, d.deleted, d.record) for d in (kept, first, last)] == [
        (1, 1, False, 1),
        (7, 2, True, 2),
        (9, 1, True, 4),
    ]
    assert isinstance(bad, Reject) and "'x'" in bad.reason


@pytest.mark.parametrize("pmid", ["", "<PMID/>", "<PMID>x1</PMID>", "<PMID>-5</PMID>", "<PMID>0</PMID>", "<PMID>9223372036854775808</PMID>",
                                  '<PMID Version="b">1</PMID>', "<PMID>1</PMID><PMID>2</PMID>", "<PMID>¹</PMID>"])  # fmt: skip
def test_unusable_pmids_are_rejected_and_the_others_read(pmid):
    before, bad, after = read(citation_set(article(""), article("<ArticleTitle>Who</ArticleTitle>", pmid), article("")))
    assert isinstance(bad, Reject) and "PMID" in bad.reason and "Who" in bad.excerpt and bad.record == 2
    assert (before.record, after.record) == (1, 3)


def test_the_largest_pmid_is_read():
    assert read_one("", pmid=f"<PMID>{2**63 - 1}</PMID>").pmid == 2**63 - 1


def test_long_abstract():
    text = "word " * 40_000
    assert abstract_of(f"<AbstractText>{text}</AbstractText>") == text.strip()


def test_old_layout_and_bare_records():
    old = "<MedlineCitation><PMID>5</PMID><Article/></MedlineCitation><DeleteCitation><PMID>6</PMID></DeleteCitation>"
    assert [d.pmid for d in read(citation_set(old, root="MedlineCitationSet"))] == [5, 6]
    assert [d.pmid for d in read(article("").encode())] == [1]
    assert read(b"<PubmedArticleSet/>") == read(citation_set()) == []


def test_records_in_comments_are_no_records():
    hidden = f"<!-- {article('')} --><?skip {article('')}?>"
    assert len(read(citation_set(hidden, article(""), hidden))) == 1


def test_declared_encodings():
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    data = citation_set(article("<ArticleTitle>Sjögren</ArticleTitle>"), head=head).decode().encode("iso-8859-1")
    assert [d.title for d in read(data)] == ["Sjögren"]
    bom = b"\xef\xbb\xbf" + citation_set(article("<ArticleTitle>Sjögren</ArticleTitle>"))
    assert [d.title for d in read(bom, "auto")] == ["Sjögren"]


def test_source_order_follows_nlm():
    names = ["medline16n0902.xml.gz", "pubmed26n0001.xml.gz", "in/pubmed26n1334.xml.gz", "pubmed26n1335.xml.gz"]
    orders = [source_order(name) for name in names]
    assert orders == [16_000_902, 26_000_001, 26_001_334, 26_001_335]
    assert source_order("my_citations.xml") is None
    assert read(citation_set(article("")), source=names[3])[0].source_order == 26_001_335


REAL = ("medline16n0902", "pubmed26n1334", "pubmed26n1335", "test_current_medline")


@pytest.mark.parametrize("name", REAL)
def test_every_citation_of_real_files_is_accounted_for(shared_data, name):
    path = shared_data / "pubmed" / f"{name}.xml.gz"
    raw = gzip.decompress(path.read_bytes())
    deleted = re.findall(rb"<PMID", b"".join(re.findall(rb"<DeleteCitation>.*?</DeleteCitation>", raw, re.DOTALL)))
    n_expected = len(re.findall(rb"<MedlineCitation[ >]", raw)) + len(deleted)
    items = list(read_path(path))
    assert len(items) == n_expected > 0
    assert [item.record for item in items] == list(range(1, n_expected + 1))


@pytest.mark.parametrize("name", REAL)
def test_texts_of_real_files_equal_a_whole_file_parse(shared_data, name):
    path = shared_data / "pubmed" / f"{name}.xml.gz"
    documents = [d for d in read_path(path) if not d.deleted]
    with gzip.open(path) as raw:
        root = etree.parse(raw, etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)).getroot()
    citations = list(root.iter("MedlineCitation"))
    assert len(documents) == len(citations)
    for document, citation in zip(documents, citations, strict=True):
        title = " ".join("".join(citation.find("Article/ArticleTitle").itertext()).split())
        sections = citation.findall("Article/Abstract/AbstractText")
        texts = [(s.get("Label"), " ".join("".join(s.itertext()).split())) for s in sections]
        assert document.pmid == int(citation.findtext("PMID"))
        assert (document.title or "") == title
        assert (document.abstract or "") == " ".join(f"{label}: {text}" if label else text for label, text in texts)
