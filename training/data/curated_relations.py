"""Curated relation corpora in their sources' JSON and XML: ChemDisGene, BioCreative VI PM, BioRelEx, CoMAGC.

Their own names of labels are kept where a pair has one; conf/auxiliary_relations.yaml says what each may mean.
"""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ElementTree
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from litcoin_batch.schema import Annotation, Document, Mention, Relation

FIRST_PMID = 940_000_000


def read_chemdisgene(paths: Sequence[Path]) -> list[Document]:
    """Zhang et al. 2022 (arXiv:2204.06584), the part that biologists curated. A pair with two signs is "mixed"."""
    return [_chemdisgene(row, path.name) for path in paths for row in json.loads(_unzipped(path))]


def _chemdisgene(row: dict, source: str) -> Document:
    mentions = (_mention(e["start"], e["end"], e["type"], e["mention"], e["id"]) for e in row["entity"])
    labels = defaultdict(set)
    for relation in row["relation"]:
        labels[relation["subj"], relation["obj"]].add(relation["type"].partition(":")[2])
    said = [(a, b, _sign(kinds), a) for (a, b), kinds in labels.items()]
    return _document(int(row["docid"]), row["title"], row["abstract"], source, (mentions, said))


def _sign(kinds: set[str]) -> str:
    """The signs of chemical upon gene are what BioRED asks for; how it acts is left aside where it has one."""
    signs = {kind.partition("^")[0] for kind in kinds if kind.startswith(("increases", "decreases"))}
    if len(signs) == 2 or {"marker/mechanism", "therapeutic"} <= kinds:
        return "mixed"
    return signs.pop() if signs else min(kinds)


def read_bc6pm(paths: Sequence[Path]) -> list[Document]:
    """BioCreative VI, genes whose interaction a mutation affects; the files of relations only."""
    documents: list[Document] = []
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if "Relations" in n and n.endswith(".json")]
            rows = [row for name in names for row in json.loads(archive.read(name))["documents"]]
        documents += [_bc6pm(row, path.name) for row in rows]
    return documents


def _bc6pm(row: dict, source: str) -> Document:
    title, abstract = (
        next((p["text"] for p in row["passages"] if p["infons"]["type"] == kind), "") for kind in ("title", "abstract")
    )
    # Offsets of passages count other breaks than one space in some documents: place by passage.
    mentions = []
    for passage in row["passages"]:
        start = 0 if passage["infons"]["type"] == "title" else len(title) + 1
        for annotation in passage["annotations"]:
            at = annotation["locations"][0]["offset"] - passage["offset"]
            # Two separators occur before the abstract; its mentions lie where their text says.
            for shift in (0, -1, 1):
                if at + shift >= 0 and passage["text"][at + shift :].startswith(annotation["text"]):
                    begin = start + at + shift
                    gene = annotation["infons"].get("identifier", "")
                    mentions.append(_mention(begin, begin + len(annotation["text"]), "Gene", annotation["text"], gene))
                    break
    said = [(r["infons"]["Gene1"], r["infons"]["Gene2"], "PPIm", None) for r in row["relations"]]
    return _document(int(row["id"]), title, abstract, source, (mentions, said))


def read_biorelex(paths: Sequence[Path]) -> list[Document]:
    """Khachatrian et al. 2019, sentences: "bind" 1, "denied" -1, "unclear" 0."""
    documents: list[Document] = []
    for path in paths:
        for row in json.loads(_unzipped(path)):
            names = [f"{i}:{next(iter(e['names']))}" for i, e in enumerate(row["entities"])]
            mentions = [
                _mention(start, end, e["label"], row["text"][start:end], name)
                for e, name in zip(row["entities"], names, strict=True)
                for n in e["names"].values()
                if n["is_mentioned"]
                for start, end in n["mentions"]
            ]
            labels = {1: "bind", 0: "unclear", -1: "denied"}
            said = [
                (*(names[p] for p in i["participants"]), labels[i["label"]], None)
                for i in row["interactions"]
                if len(i["participants"]) == 2
            ]
            documents.append(_document(FIRST_PMID + len(documents), row["text"], None, path.name, (mentions, said)))
    return documents


def read_comagc(paths: Sequence[Path]) -> list[Document]:
    """Lee et al. 2013, a gene, a cancer and the change of its expression in one sentence."""
    documents: list[Document] = []
    for path in paths:
        for unit in ElementTree.fromstring(_unzipped(path)).iter("annotation_unit"):
            sentence = unit.find("sentence")
            mentions = []
            for tag, type in (("gene", "gene"), ("cancer_term", "cancer")):
                for element in unit.findall(tag):
                    start, _, last = element.get("range").partition("-")
                    mentions.append(_mention(int(start), int(last) + 1, type, element.text, type))
            values = {e.tag: e.get("value") for e in unit.find("annotation")}
            label = f"{values['CGE']} {values['CCS']}"
            pmid = int(sentence.get("pmid").partition(".")[0])
            documents.append(
                _document(pmid, sentence.text, None, path.name, (mentions, [("gene", "cancer", label, "gene")]))
            )
    return documents


def _mention(start: int, end: int, type: str, text: str, entity_id: str) -> Mention:
    return Mention(start, end, type, text, (entity_id,) if entity_id else ())


def _document(
    pmid: int,
    title: str,
    abstract: str | None,
    source: str,
    gold: tuple[Iterable[Mention], Iterable[tuple[str, str, str, str | None]]],
) -> Document:
    """``gold``: mentions, of which those whose text is elsewhere are dropped, and rows of two ids, label, subject."""
    text = f"{title} {abstract or ''}"
    mentions = sorted((m for m in gold[0] if text[m.start : m.end] == m.text), key=lambda m: (m.start, m.end, m.type))
    named = {i for m in mentions for i in m.entity_ids}
    relations = {
        r.pair: r
        for r in (
            Relation.between(a, b, label, True, subject=acts)
            for a, b, label, acts in gold[1]
            if a != b and {a, b} <= named
        )
    }
    return Document(
        pmid, title, abstract, source, gold=Annotation(pmid, tuple(mentions), tuple(_sorted(relations.values())))
    )


def _sorted(relations: Iterable[Relation]) -> Iterator[Relation]:
    yield from sorted(relations, key=lambda r: (r.pair, r.type))


def _unzipped(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
