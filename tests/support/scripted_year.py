"""A year of NLM's files in small, and what readers must see after each night, told by plain Python.

``Oracle`` shares nothing with the warehouse but the rule: of each PMID the newest record that no later
instruction deletes; of two issues of a file the later one.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from citations import citation, write_file

N_PMIDS, N_UPDATES, N_BASELINE = 60, 30, 2


@dataclass(frozen=True)
class Record:
    pmid: int
    version: int = 1
    title: str | None = None
    abstract: str | None = None
    deleted: bool = False

    @property
    def year(self) -> int:
        """Another one in another version, whose text may be the same."""
        return 1990 + self.pmid % 7 + 3 * self.version

    @property
    def text(self) -> str:
        return f"{self.title or ''} {self.abstract or ''}"


@dataclass
class NlmFile:
    order: int
    records: list[Record]

    @property
    def name(self) -> str:
        return f"pubmed{self.order // 1_000_000}n{self.order % 1_000_000:04d}.xml.gz"

    def write(self, folder: Path) -> Path:
        citations = [
            citation(r.pmid, r.abstract, title=r.title, version=r.version, year=r.year)
            for r in self.records
            if not r.deleted
        ]
        path = write_file(folder, self.name, *citations, delete=tuple(r.pmid for r in self.records if r.deleted))
        digest = hashlib.md5(path.read_bytes()).hexdigest()
        path.with_name(f"{path.name}.md5").write_text(f"MD5 ({path.name}) = {digest}\n")
        return path


@dataclass
class Oracle:
    """Issues in the order in which nights applied them."""

    issues: dict[int, NlmFile] = field(default_factory=dict)

    def apply(self, files: Sequence[NlmFile]) -> None:
        self.issues.update({file.order: file for file in files})

    def current(self) -> dict[int, tuple[str, int, Record]]:
        """PMID -> file, position in it, record."""
        deleted: dict[int, tuple] = {}
        rows = []
        for order, file in sorted(self.issues.items()):
            # Instructions to delete come last in a file.
            listed = [r for r in file.records if not r.deleted] + [r for r in file.records if r.deleted]
            last = {(r.pmid, r.version): n for n, r in enumerate(listed, 1) if not r.deleted}
            for number, record in enumerate(listed, 1):
                if record.deleted:
                    deleted[record.pmid] = (order, number)
                elif last[record.pmid, record.version] == number:
                    rows.append((record.version, order, number, file.name, record))
        newest: dict[int, tuple[str, int, Record]] = {}
        for _version, order, number, name, record in sorted(rows, key=lambda row: row[:3]):
            if (order, number) > deleted.get(record.pmid, (0, 0)):
                newest[record.pmid] = (name, number, record)
        return newest


def make_year(
    texts: Sequence[str], seed: int = 7, year: int = 26, per_night: int = 3
) -> tuple[list[NlmFile], list[list[NlmFile]]]:
    """The baseline's files, and the nights: ``per_night`` update files come together. Every kind of trouble is in it."""
    rng = random.Random(seed)
    # A small stock, so that texts come back to a PMID that had them before.
    stock = {pmid: [*rng.sample(texts, 3), None] for pmid in range(1, N_PMIDS + 1)}

    def record(pmid: int) -> Record:
        text = rng.choice(stock[pmid])
        version = 2 if rng.random() < 0.08 else 1
        return Record(pmid, version, f"Title {rng.randint(1, 2)}", text if rng.random() > 0.03 else "poison")

    base = year * 1_000_000
    pmids = list(range(1, N_PMIDS - 9))
    baseline = [NlmFile(base + n + 1, [record(p) for p in pmids[n::N_BASELINE]]) for n in range(N_BASELINE)]
    updates = []
    for number in range(N_UPDATES):
        chosen = rng.sample(range(1, N_PMIDS + 1), 9)
        records = [record(p) for p in chosen[:6]] + [Record(p, deleted=True) for p in chosen[5:8]]
        if number % 4 == 0:
            records.append(record(chosen[0]))
        updates.append(NlmFile(base + N_BASELINE + number + 1, records))
    nights = [updates[i : i + per_night] for i in range(0, N_UPDATES, per_night)]

    def night_of(number: int) -> list[NlmFile]:
        return next(night for night in nights if updates[number] in night)

    # Out of order: the fifth comes with the ninth, the twelfth last of all.
    for late, when in ((4, 8), (11, N_UPDATES - 1)):
        night_of(late).remove(updates[late])
        night_of(when).append(updates[late])
    # Issued again, after its night: without some of its records, with others; and once more as it was, which is nothing new.
    again = NlmFile(updates[14].order, [*updates[14].records[2:], record(3), record(55)])
    night_of(18).append(again)
    night_of(24).append(again)
    return baseline, nights
