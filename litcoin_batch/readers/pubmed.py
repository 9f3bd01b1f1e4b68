"""NLM citation XML: baseline and update files, the layouts before and after 2017, and book articles.

Source: https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd (never fetched).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date

from lxml import etree

from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules, to_pmid
from litcoin_batch.readers.parts.streams import ByteSource, excerpt
from litcoin_batch.readers.parts.xmlrecords import Damage, XmlRecords
from litcoin_batch.schema import Document, RecordError, Reject

TAGS_BY_ROOT = {
    "PubmedArticleSet": ("PubmedArticle", "PubmedBookArticle", "DeleteCitation"),
    "MedlineCitationSet": ("MedlineCitation", "DeleteCitation"),
    "PubmedBookArticleSet": ("PubmedBookArticle", "DeleteDocument"),
    "BookDocumentSet": ("BookDocument", "DeleteDocument"),
}
_DELETIONS = ("DeleteCitation", "DeleteDocument")
_CITATIONS = ("MedlineCitation", "BookDocument")
_CITATION_START = re.compile(rb"<(?:MedlineCitation|BookDocument)(?=[\s/>])")
_DELETION_START = re.compile(rb"<Delete(?:Citation|Document)(?=[\s/>])")
_PMID_START = re.compile(rb"<PMID(?=[\s/>])")
_NO_TITLE = ("not available", "in process citation")  # NLM's placeholders, in brackets
_FILE_NAME = re.compile(r"(?:pubmed|medline)(\d\d)n(\d{1,6})(?!\d)[^/\\]*$")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")


def source_order(name: str) -> int | None:
    """``yy * 1_000_000 + number`` of an NLM file name such as ``pubmed26n1334.xml.gz``, else None.

    Within a year the baseline comes first and update files count on from it.
    """
    match = _FILE_NAME.search(name)
    return int(match[1]) * 1_000_000 + int(match[2]) if match else None


def read_pubmed(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per citation and per deleted PMID. Memory holds one citation at a time.

    Damaged bytes give one ``Reject`` per citation that they touch, or one if they touch none.
    """
    order, record = source_order(source), 0
    for element in XmlRecords(stream, TAGS_BY_ROOT):
        if isinstance(element, Damage):
            if element.refused:
                yield Reject(source, 0, element.reason, excerpt(element.raw))
                return
            parts = _citations_in(element.raw)
        elif element.tag in _DELETIONS:
            parts = list(element.iterchildren("PMID"))
        else:
            parts = [element]
        for part in parts:
            record += 1
            if isinstance(element, Damage):
                yield Reject(source, record, element.reason, excerpt(part))
                continue
            try:
                place = dict(source=source, record=record, source_order=order)
                yield _deletion(part, **place) if element.tag in _DELETIONS else _document(part, rules, **place)
            except RecordError as error:
                yield Reject(source, record, str(error), excerpt(etree.tostring(part, with_tail=False)))


def _citations_in(raw: bytes) -> list[bytes]:
    """The damaged stretch in one part per citation that starts in it, or per PMID of a deletion."""
    marker = _PMID_START if _DELETION_START.match(raw) else _CITATION_START
    starts = [match.start() for match in marker.finditer(raw)]
    cuts = [0, *starts[1:], len(raw)]
    return [raw[begin:end] for begin, end in itertools.pairwise(cuts)]


def _deletion(pmid: etree._Element, **place) -> Document:
    return Document(_pmid(pmid), None, None, version=_version(pmid), deleted=True, **place)


def _document(element: etree._Element, rules: Rules, **place) -> Document:
    citation = element
    if element.tag not in _CITATIONS:
        citations = list(element.iterchildren(*_CITATIONS))
        if len(citations) != 1:
            expected = " or ".join(f"<{tag}>" for tag in _CITATIONS)
            raise RecordError(f"<{element.tag}> holds {len(citations)} citations, expected one {expected}")
        citation = citations[0]
    fields = _book_fields(citation) if citation.tag == "BookDocument" else _article_fields(citation)
    return Document(**{**fields, **_fallbacks(citation, fields, rules.fallback_texts)}, **place)


def _fallbacks(citation: etree._Element, fields: dict, wanted: bool) -> dict:
    """What stands in where abstract or title are missing, and notes that say so, or that it could.

    Of other abstracts one in English, a plain-language summary last; the vernacular title in whatever language.
    """
    found, notes = {}, []
    if fields["abstract"] is None:
        others = sorted(citation.iterchildren("OtherAbstract"), key=lambda e: e.get("Type") == "plain-language-summary")
        english = [text for e in others if e.get("Language", "eng") == "eng" and (text := _abstract(e))]
        if english and wanted:
            found["abstract"] = english[0]
        if others:
            taken = "read as the abstract" if "abstract" in found else "left out"
            notes.append(f"OtherAbstract {taken}" if english else "OtherAbstract in another language left out")
    if fields["title"] is None or fields["title"].strip("[]. ").lower() in _NO_TITLE:
        vernacular = _text(citation.find("Article/VernacularTitle"))
        if vernacular and wanted:
            found["title"] = vernacular
        if vernacular:
            notes.append(f"VernacularTitle {'read as the title' if wanted else 'left out'}")
    return {**found, "notes": tuple(notes)}


def _article_fields(citation: etree._Element) -> dict:
    parts = _only(citation, "PMID", "DateRevised", "Article")
    article = _only(parts.get("Article"), "Journal", "ArticleTitle", "Abstract")
    journal = _only(article.get("Journal"), "JournalIssue", "Title", "ISOAbbreviation")
    issue = _only(journal.get("JournalIssue"), "PubDate")
    return dict(
        pmid=_pmid(parts.get("PMID")),
        version=_version(parts["PMID"]),
        title=_text(article.get("ArticleTitle")),
        abstract=_abstract(article.get("Abstract")),
        revised=_date(parts.get("DateRevised")),
        year=_year(issue.get("PubDate")) or _year(_first(parts.get("Article"), "ArticleDate")),
        journal=_text(journal.get("Title")) or _text(journal.get("ISOAbbreviation")),
    )


def _book_fields(citation: etree._Element) -> dict:
    """A chapter stands in its book as an article in its journal; a whole book stands in none."""
    parts = _only(citation, "PMID", "Book", "ArticleTitle", "Abstract", "ContributionDate", "DateRevised")
    book = _only(parts.get("Book"), "BookTitle", "PubDate", "BeginningDate")
    chapter, book_title = _text(parts.get("ArticleTitle")), _text(book.get("BookTitle"))
    dates = (book.get("PubDate"), parts.get("ContributionDate"), book.get("BeginningDate"))
    return dict(
        pmid=_pmid(parts.get("PMID")),
        version=_version(parts["PMID"]),
        title=chapter or book_title,
        abstract=_abstract(parts.get("Abstract")),
        revised=_date(parts.get("DateRevised")),
        year=next((year for year in map(_year, dates) if year), None),
        journal=book_title if chapter else None,
    )


def _only(element: etree._Element | None, *tags: str) -> dict[str, etree._Element]:
    """The children of these names; a name that comes twice is a sign of lost tags in between."""
    children: dict[str, etree._Element] = {}
    if element is None:
        return children
    for child in element.iterchildren(*tags):
        if child.tag in children:
            raise RecordError(f"<{element.tag}> holds <{child.tag}> twice")
        children[child.tag] = child
    return children


def _first(element: etree._Element | None, tag: str) -> etree._Element | None:
    return None if element is None else element.find(tag)


def _text(element: etree._Element | None) -> str | None:
    """All text below an element, mixed content included, runs of white space as one space."""
    if element is None:
        return None
    text = "".join(element.itertext()) if len(element) else element.text or ""
    return " ".join(text.split()) or None


def _abstract(element: etree._Element | None) -> str | None:
    """The sections, joined by one space as ``LABEL: text``; copyright and empty sections left out.

    The label is the publisher's, as PubMed and BioRED print it: UNLABELLED stays, NlmCategory does not count.
    """
    if element is None:
        return None
    sections = []
    for section in element.iterchildren("AbstractText"):
        text = _text(section)
        label = " ".join(section.get("Label", "").split()).rstrip(": ")
        if text:
            sections.append(f"{label}: {text}" if label else text)
    return " ".join(sections) or None


def _pmid(element: etree._Element | None) -> int:
    if element is None:
        raise RecordError("citation without PMID")
    return to_pmid("".join(element.itertext()))


def _version(pmid: etree._Element) -> int:
    version = pmid.get("Version", "1").strip()
    if not (version.isascii() and version.isdigit() and 0 < int(version[:10]) < 2**31):
        raise RecordError(f"PMID version {version!r} is not a positive number")
    return int(version)


def _year(element: etree._Element | None) -> int | None:
    """The year of a date element, from ``MedlineDate`` (``2015 Oct-Dec``) where there is no ``Year``."""
    parts = {} if element is None else {child.tag: child.text or "" for child in element}
    for tag in ("Year", "MedlineDate"):
        if match := _YEAR.search(parts.get(tag, "")):
            return int(match[1])
    return None


def _date(element: etree._Element | None) -> date | None:
    parts = {} if element is None else {child.tag: child.text or "" for child in element}
    try:
        return date(int(parts["Year"]), int(parts["Month"]), int(parts["Day"]))
    except (KeyError, ValueError, OverflowError):  # an incomplete date is no reason to lose the citation
        return None
