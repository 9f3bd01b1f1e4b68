"""Measure how fast PubMed files are read, beside pubmed_parser where that is installed.

    python jobs/benchmark_parsing.py pubmed26n1334.xml.gz medline16n0902.xml.gz --output parsing.jsonl

A file of --citations citations is made by repeating those of the given files under new PMIDs. Every
measurement is a process of its own; the readers take turns, and each one's first turn is dropped.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from lxml import etree

from litcoin_batch.commands.terminal import as_written
from litcoin_batch.readers import read_path
from litcoin_batch.schema import Document

_CITATION = re.compile(rb"<MedlineCitation[\s>].*?</MedlineCitation>(?:\s*<PubmedData>.*?</PubmedData>)?", re.DOTALL)
_PMID = re.compile(rb"(<PMID[^>]*>)\s*\d+\s*(</PMID>)")
FIRST_PMID = 1_000_000_000

# What each process runs. Its peak memory is VmHWM: ru_maxrss would start from that of the parent process.
_MEASURE = """
import json, re, sys, time
{imports}
wall, cpu = time.perf_counter(), time.process_time()
n = sum(1 for _ in {call}(sys.argv[1]))
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps(dict(citations=n, wall_sec=wall, cpu_sec=cpu, peak_rss_kb=peak)))
"""
_PARSER_TEXTS = """
import itertools, json, pubmed_parser, sys
articles = itertools.islice(pubmed_parser.parse_medline_xml(sys.argv[1]), int(sys.argv[2]))
print(json.dumps([(article["title"], article["abstract"]) for article in articles]))
"""
READERS = {
    "litcoin_batch": ("from litcoin_batch.readers import read_path", "read_path"),
    "pubmed_parser": ("import pubmed_parser", "pubmed_parser.parse_medline_xml"),
}


@click.command(help=as_written(__doc__))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--citations", default=30_000, show_default=True, type=click.IntRange(1), help="As many as a full NLM file."
)
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1))
@click.option("--output", type=click.Path(path_type=Path), help="Where the raw measurements go, as JSON lines.")
def main(files: tuple[Path, ...], citations: int, repeats: int, output: Path | None) -> None:
    readers = [name for name in READERS if importlib.util.find_spec(name)]
    if "pubmed_parser" not in readers:
        click.echo("pubmed_parser is not installed: measuring without it", err=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pubmed99n0001.xml.gz"
        n_distinct = write_citations(files, citations, path)
        altered = {name: count_altered(name, path, n_distinct) for name in readers}
        runs = [measure(name, path, turn) for turn in range(repeats + 1) for name in readers]
    for run in runs:
        if run["citations"] != citations:
            raise click.ClickException(f"{run['reader']} read {run['citations']} of {citations} citations")
    surroundings = environment()
    runs = [run | surroundings for run in runs]
    if output:
        output.write_text("".join(json.dumps(run) + "\n" for run in runs))
    click.echo(report([run for run in runs if run["turn"]], altered, n_distinct))


def write_citations(files: tuple[Path, ...], n: int, path: Path) -> int:
    """Write ``n`` citations in today's layout; returns how many different ones there are."""
    sources = [citation for file in files for citation in _CITATION.findall(_unpacked(file))]
    if not sources:
        raise click.ClickException("no citation in the given files")
    with gzip.open(path, "wb", compresslevel=6) as out:
        out.write(b'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n')
        for pmid, citation in zip(range(FIRST_PMID, FIRST_PMID + n), itertools.cycle(sources)):
            renamed = _PMID.sub(rb"\g<1>%d\g<2>" % pmid, citation, count=1)
            out.write(b"<PubmedArticle>" + renamed + b"</PubmedArticle>\n")
        out.write(b"</PubmedArticleSet>\n")
    return min(n, len(sources))


def _unpacked(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def measure(reader: str, path: Path, turn: int) -> dict:
    imports, call = READERS[reader]
    code = _MEASURE.format(imports=imports, call=call)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{reader} failed: {done.stderr.strip()[-500:]}")
    return dict(reader=reader, version=_version(reader), turn=turn, **json.loads(done.stdout))


def _version(reader: str) -> str:
    try:
        return version(reader.replace("_", "-"))
    except PackageNotFoundError:
        return "from the checkout"


def environment() -> dict:
    """What a figure depends on beside the readers."""
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    return dict(
        date=datetime.now(UTC).date().isoformat(),
        commit=subprocess.run(git, capture_output=True, text=True).stdout.strip() or "unknown",
        cpu=cpu[1] if cpu else platform.machine(),
        n_cores=os.cpu_count(),
        load=round(os.getloadavg()[0], 1),
        python=platform.python_version(),
        lxml=version("lxml"),
    )


def count_altered(reader: str, path: Path, n: int) -> int:
    """Of the first ``n`` citations, those whose title or sections are not what stands in the XML.

    Held against ``"".join(itertext())``; white space and labels do not count.
    """
    texts = _texts(reader, path, n)
    return sum(
        title != true_title or any(section not in abstract for section in sections)
        for (title, abstract), (true_title, sections) in zip(texts, _true_texts(path), strict=True)
    )


def _texts(reader: str, path: Path, n: int) -> list[tuple[str, str]]:
    if reader == "litcoin_batch":
        return [
            (item.title or "", item.abstract or "")
            for item in itertools.islice(read_path(path), n)
            if isinstance(item, Document)
        ]
    done = subprocess.run([sys.executable, "-c", _PARSER_TEXTS, str(path), str(n)], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"{reader} failed: {done.stderr.strip()[-500:]}")
    return [(" ".join(title.split()), " ".join(abstract.split())) for title, abstract in json.loads(done.stdout)]


def _true_texts(path: Path) -> Iterator[tuple[str, list[str]]]:
    with gzip.open(path) as raw:
        for _, article in etree.iterparse(raw, tag="PubmedArticle", no_network=True, resolve_entities=False):
            title = article.find("MedlineCitation/Article/ArticleTitle")
            sections = article.findall("MedlineCitation/Article/Abstract/AbstractText")
            yield _words(title), [_words(section) for section in sections]
            article.clear()


def _words(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def report(runs: list[dict], altered: dict[str, int], n_distinct: int) -> str:
    """A Markdown table. Rates are per second of processor time, which other programs disturb least."""
    lines = [
        f"{runs[0]['citations']:,} citations, {len(runs) // len(altered)} interleaved repeats; "
        + ", ".join(
            f"{name} {runs[0][name]}" for name in ("date", "commit", "cpu", "n_cores", "load", "python", "lxml")
        ),
        "",
        "| reader | citations per CPU second, median | range | per second of wall time | peak memory, MB | texts altered |",
        "|---|---|---|---|---|---|",
    ]
    rates = {}
    for name, n_altered in altered.items():
        own = [run for run in runs if run["reader"] == name]
        rates[name] = [run["citations"] / run["cpu_sec"] for run in own]
        wall = statistics.median(run["citations"] / run["wall_sec"] for run in own)
        peak = max(run["peak_rss_kb"] for run in own) / 1024
        lines.append(
            f"| {name} {own[0]['version']} | {statistics.median(rates[name]):,.0f} | {min(rates[name]):,.0f} to "
            f"{max(rates[name]):,.0f} | {wall:,.0f} | {peak:,.0f} | {n_altered} of {n_distinct} |"
        )
    if len(rates) == 2:
        ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        lines += ["", f"Ratio turn by turn: median {statistics.median(ratios):.2f}, {spread}"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
