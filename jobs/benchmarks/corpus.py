"""Documents to measure with: real texts under new PMIDs, their copies with words shuffled, in files as users have them."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain, islice
from pathlib import Path
from xml.sax.saxutils import escape

from litcoin_batch.readers import read_path
from litcoin_batch.schema import ConfigError, Document
from litcoin_batch.text.sentences import split_sentences

# Above every PMID that NLM has given out.
FIRST_PMID = 1_000_000_000
# The citations of a full NLM file.
CITATIONS_PER_FILE = 30_000
FORMATS = ("pubmed", "jsonl")
SAMPLE = "the embedded sample, repeated"


@dataclass(frozen=True, slots=True)
class Corpus:
    """``texts`` are pairs of title and abstract, each once; ``name`` says where they come from."""

    name: str
    texts: tuple[tuple[str, str], ...]

    def documents(self, n: int) -> Iterator[Document]:
        """``n`` documents under new PMIDs: the texts as they are, then, as often as it takes, shuffled copies.

        The same call gives the same documents.
        """
        for i in range(n):
            title, abstract = self.texts[i % len(self.texts)]
            copy = i // len(self.texts)
            if copy:
                title, abstract = shuffle_words(title, i), shuffle_words(abstract, -i)
            yield Document(FIRST_PMID + i, title, abstract)


def read_corpus(path: str | None) -> Corpus:
    """Of any format the readers know, the documents with an abstract; the embedded sample for None.

    Raises ``ConfigError`` where there are none.
    """
    where = Path(str(resources.files("litcoin_batch") / "sample")) if path is None else Path(path)
    files = sorted(where.glob("*.xml")) if path is None else [where]
    items = chain.from_iterable(read_path(file) for file in files)
    texts = {(i.title or "", i.abstract): None for i in items if isinstance(i, Document) and i.abstract}
    if not texts:
        raise ConfigError(f"documents {where}: none of them has an abstract")
    return Corpus(SAMPLE if path is None else where.name, tuple(texts))


def shuffle_words(text: str, seed: int) -> str:
    """The words of every sentence in another order: as long, as many pieces, and never seen before."""
    order, parts, end = random.Random(seed), [], 0
    for start, stop in split_sentences(text):
        words = text[start:stop].split(" ")
        order.shuffle(words)
        parts += [text[end:start], " ".join(words)]
        end = stop
    return "".join((*parts, text[end:]))


def write_files(documents: Iterable[Document], folder: Path, n_per_file: int, format: str = "pubmed") -> list[Path]:
    """Files of ``n_per_file`` documents each, the last perhaps fewer."""
    write, ending = {"pubmed": (write_pubmed, "xml"), "jsonl": (write_jsonl, "jsonl")}[format]
    folder.mkdir(parents=True, exist_ok=True)
    rest, paths = iter(documents), list[Path]()
    while part := list(islice(rest, n_per_file)):
        paths.append(folder / f"benchmark99n{len(paths) + 1:04d}.{ending}.gz")
        write(part, paths[-1])
    return paths


def write_jsonl(documents: Iterable[Document], path: Path) -> None:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as out:
        for d in documents:
            out.write(json.dumps({"pmid": d.pmid, "title": d.title, "abstract": d.abstract}) + "\n")


def write_pubmed(documents: Iterable[Document], path: Path, deleted: Sequence[int] = ()) -> None:
    """In the layout of NLM's files, with as much around the text as an average citation has there."""
    # Written fast: how small the files are is not what is measured.
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n')
        for document in documents:
            out.write(_citation(document).encode("utf-8"))
        if deleted:
            pmids = "".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in deleted)
            out.write(f"<DeleteCitation>{pmids}</DeleteCitation>\n".encode())
        out.write(b"</PubmedArticleSet>\n")


def _citation(d: Document) -> str:
    authors = "".join(
        f'<Author ValidYN="Y"><LastName>Author{d.pmid % 997 + i}</LastName><ForeName>Given{i}</ForeName><Initials>G</Initials>'
        f"<AffiliationInfo><Affiliation>Department {i} of Measurements, University of Somewhere, City {d.pmid % 89}, Country.</Affiliation></AffiliationInfo></Author>"
        for i in range(5)
    )
    headings = "".join(
        f'<MeshHeading><DescriptorName UI="D{d.pmid % 9973 + i:06d}" MajorTopicYN="N">Heading {i}</DescriptorName></MeshHeading>'
        for i in range(10)
    )
    references = "".join(
        f'<Reference><Citation>Author{i} et al. A cited paper. J Meas. 2020;{i}:1-9.</Citation><ArticleIdList><ArticleId IdType="pubmed">{i + 1}</ArticleId>'
        "</ArticleIdList></Reference>"
        for i in range(15)
    )
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{d.pmid}</PMID>'
        "<DateRevised><Year>2026</Year><Month>01</Month><Day>02</Day></DateRevised>"
        '<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Internet"><Volume>1</Volume><PubDate><Year>2025</Year></PubDate></JournalIssue>'
        f"<Title>Journal of Measurements</Title></Journal><ArticleTitle>{escape(d.title or '')}</ArticleTitle>"
        f'<Abstract><AbstractText>{escape(d.abstract or "")}</AbstractText></Abstract><AuthorList CompleteYN="Y">{authors}</AuthorList>'
        f"<Language>eng</Language></Article><MeshHeadingList>{headings}</MeshHeadingList></MedlineCitation>"
        f'<PubmedData><PublicationStatus>ppublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">{d.pmid}</ArticleId></ArticleIdList>'
        f"<ReferenceList>{references}</ReferenceList></PubmedData></PubmedArticle>\n"
    )


def balanced(n: int, n_files: int) -> int:
    """Documents per file, so that ``n`` documents lie in ``n_files`` files of one size (fewer where n is small)."""
    return max(1, -(-n // n_files))


def evenly(documents: Sequence[Document], n: int) -> list[Document]:
    """``n`` of the documents, spread over all of them."""
    step = max(1, len(documents) // n)
    return list(documents[: step * n : step])
