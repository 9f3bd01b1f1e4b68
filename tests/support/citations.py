"""Small PubMed files for tests."""

from __future__ import annotations

import gzip
from pathlib import Path
from xml.sax.saxutils import escape


def citation(
    pmid: int | str,
    abstract: str | None = "aspirin and gene",
    *,
    title: str = "A title",
    version: int = 1,
    year: int = 2026,
) -> str:
    text = "" if abstract is None else f"<Abstract><AbstractText>{escape(abstract)}</AbstractText></Abstract>"
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="{version}">{pmid}</PMID>'
        "<DateRevised><Year>2026</Year><Month>02</Month><Day>03</Day></DateRevised>"
        f'<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Print"><PubDate><Year>{year}</Year></PubDate>'
        f"</JournalIssue><Title>Journal of Tests</Title></Journal><ArticleTitle>{escape(title)}</ArticleTitle>{text}"
        "</Article></MedlineCitation></PubmedArticle>"
    )


def citation_file(*citations: str, delete: tuple[int, ...] = ()) -> bytes:
    """A PubMed file, gzipped."""
    deletions = "".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in delete)
    tail = f"<DeleteCitation>{deletions}</DeleteCitation>" if delete else ""
    body = "".join(citations)
    return gzip.compress(
        f'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>{body}{tail}</PubmedArticleSet>'.encode(), mtime=0
    )


def write_file(folder: Path, name: str, *citations: str, delete: tuple[int, ...] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(citation_file(*citations, delete=delete))
    return path
