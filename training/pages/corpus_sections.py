"""The sections of the exploratory page: a chart or table each, and one sentence on what its numbers mean for the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median

import numpy as np

from litcoin_batch.reports.charts import Labels, bars, boxes, histogram, stacked_shares
from litcoin_batch.reports.page import Html, figure, join, meaning, paragraph, percent, table
from training.pages.corpus_facts import N_LISTED, Agreement, CorpusFacts
from training.pages.matrix_charts import heat_map
from training.pages.table_summary import HEADER, TableSummary

MAX_KINDS = 20
MAX_SOURCES = 4
POSITIONS = 512  # of BERT and its kin
BATCH_DOCUMENTS = 32


def tables(summaries: Sequence[TableSummary]) -> Html:
    parts = [
        paragraph(
            "Distinct values do not count nulls. Of texts and lists, the smallest and the largest length are given; a null is an empty value or LitCoin's “-”."
        )
    ]
    for summary in summaries:
        if summary.n_rows or summary.n_unreadable:
            note = f", {summary.n_unreadable:,} unreadable" if summary.n_unreadable else ""
            parts.append(table(HEADER, summary.rows(), f"{summary.name}: {summary.n_rows:,} rows{note}"))
    return join(parts)


def rejects(facts: CorpusFacts) -> Html:
    rows = [(r.source, r.record, r.reason, r.excerpt[:100]) for r in facts.rejects]
    shown = f", the first {len(rows)} of them below" if facts.n_rejects > len(rows) else ""
    total = facts.n_documents + facts.n_deleted + facts.n_rejects
    lead = paragraph(
        f"{facts.n_documents:,} documents were read, {facts.n_without_abstract:,} of them without an abstract; {facts.n_deleted:,} records delete a "
        f"citation; {facts.n_rejects:,} records cannot be used{shown}. Charts show the documents that were read."
    )
    lost = f"{facts.n_rejects:,} of {total:,} records ({percent(facts.n_rejects, total)}) are lost to it for the reasons given."
    sentence = (
        lost if facts.n_rejects else f"Every one of {total:,} records can be used, so that it sees the whole corpus."
    )
    return join((lead, table(("source", "record", "reason", "begins with"), rows), meaning(sentence)))


def _by_source(values: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """The sources with most documents first; all in one where they are too many to tell apart."""
    if len(values) > MAX_SOURCES:
        return {f"{len(values)} files": [v for group in values.values() for v in group]}
    return {name: list(values[name]) for name in sorted(values, key=lambda name: (-len(values[name]), name))}


def lengths(facts: CorpusFacts) -> Html:
    titles, abstracts = _by_source(facts.title_chars), _by_source(facts.abstract_chars)
    title, abstract = (np.concatenate([np.asarray(v) for v in groups.values()]) for groups in (titles, abstracts))
    low, middle, high = np.percentile(title, (25, 50, 75)).tolist()
    about_titles = (
        f"Half of the titles have {low:,.0f} to {high:,.0f} characters (median {middle:,.0f}, longest {title.max():,}); "
        f"they are {percent(title.sum(), title.sum() + abstract.sum())} of all text it reads."
    )
    medians = {name: median(values) for name, values in abstracts.items()}
    places = (f" in {name}" if len(medians) > 1 else "" for name in medians)
    compared = ", ".join(
        f"{value:,.0f} characters{place}" for place, value in zip(places, medians.values(), strict=True)
    )
    about_abstracts = (
        f"The median abstract has {compared}; the longest has {abstract.max():,}, "
        f"{abstract.max() / max(1.0, float(np.median(abstract))):.1f} times the median of all: documents of like length belong in one batch."
    )
    return join(
        (
            figure(
                histogram(titles, Labels("Length of titles", "title length [characters]", "documents")), about_titles
            ),
            figure(
                histogram(abstracts, Labels("Length of abstracts", "abstract length [characters]", "documents")),
                about_abstracts,
            ),
        )
    )


def pieces(facts: CorpusFacts, tokenizer_name: str) -> Html:
    groups = _by_source(facts.n_pieces)
    values = np.concatenate([np.asarray(v) for v in groups.values()])
    labels = Labels(f"Pieces per document, tokenizer {tokenizer_name}", "title and abstract [pieces]", "documents")
    chars = sum(map(sum, facts.title_chars.values())) + sum(map(sum, facts.abstract_chars.values()))
    sentence = (
        f"{percent((values > POSITIONS).sum(), len(values))} of documents have more than the {POSITIONS} pieces of a BERT encoder and are read in windows; "
        f"a document has {values.mean():,.0f} pieces on average ({chars / max(1, values.sum()):.1f} characters each), and batches of {BATCH_DOCUMENTS} "
        f"would be {100 * padding(values):.0f} % padding in the order of the files, {100 * padding(np.sort(values)):.0f} % sorted by length."
    )
    return figure(histogram(groups, labels, {"positions of BERT": POSITIONS}), sentence)


def padding(n_pieces: np.ndarray) -> float:
    """The share of a padded batch that is no piece, over all batches."""
    batches = [n_pieces[i : i + BATCH_DOCUMENTS] for i in range(0, len(n_pieces), BATCH_DOCUMENTS)]
    padded = sum(int(batch.max()) * len(batch) for batch in batches)
    return 1 - int(n_pieces.sum()) / padded if padded else 0.0


def mentions(facts: CorpusFacts) -> Html:
    counts = dict(sorted(((k, len(v)) for k, v in facts.offset_start.items()), key=lambda item: (-item[1], item[0])))
    total, (first, last) = sum(counts.values()), (next(iter(counts)), list(counts)[-1])
    about_types = (
        f"{first} gives {percent(counts[first], total)} of the mentions and {last} {percent(counts[last], total)} ({counts[last]:,}): the overall "
        f"F1 follows the frequent types, so the scores of each type are worth a look."
    )
    per_entity = total / max(1, sum(facts.n_entities))
    about_numbers = (
        f"An abstract has {mean(facts.n_mentions):.1f} mentions of {mean(facts.n_entities):.1f} entities on average, at most {max(facts.n_mentions):,} of "
        f"{max(facts.n_entities):,}: with {per_entity:.1f} mentions for each entity, its vector has to be pooled over all of them."
    )
    numbers = {"mentions": facts.n_mentions, "entities": facts.n_entities}
    return join(
        (
            figure(
                bars(
                    top(counts),
                    Labels("Mentions by entity type", "mentions"),
                    lambda n: f"{n:,.0f} ({percent(n, total)})",
                ),
                about_types,
            ),
            figure(
                histogram(numbers, Labels("Mentions and entities per abstract", "number in one abstract", "abstracts")),
                about_numbers,
            ),
        )
    )


def offsets(facts: CorpusFacts) -> Html:
    frequent = sorted(facts.offset_start, key=lambda name: (-len(facts.offset_start[name]), name))[:12]
    groups = {name: facts.offset_start[name] for name in frequent}
    medians = {name: median(values) for name, values in groups.items()}
    early, late = min(medians, key=medians.get), max(medians, key=medians.get)
    title_chars = median([n for values in facts.title_chars.values() for n in values])
    total = sum(facts.n_mentions)
    labels = Labels(
        "Where mentions start, by entity type (5th, 25th, 50th, 75th, 95th percentile)",
        "offset of the first character in title and abstract [characters]",
    )
    sentence = f"{percent(facts.n_in_title, total)} of the mentions stand in the title" + (
        f", and {early} comes earliest (median {medians[early]:,.0f}), {late} latest (median {medians[late]:,.0f}): "
        f"the type explains {percent(explained(groups.values()), 1)} of the variance of offsets, so place by itself "
        f"{'helps' if explained(groups.values()) > 0.1 else 'hardly helps'} to tell types apart."
        if len(groups) > 1
        else f"; the median mention of {early} starts at {medians[early]:,.0f}."
    )
    return figure(boxes(groups, labels, ("median end of title", title_chars)), sentence)


def explained(groups: Iterable[Sequence[float]]) -> float:
    """The share of the variance of all values that lies between the means of ``groups``."""
    arrays = [np.asarray(group, float) for group in groups]
    every = np.concatenate(arrays)
    between = sum(len(a) * (a.mean() - every.mean()) ** 2 for a in arrays)
    total = ((every - every.mean()) ** 2).sum()
    return float(between / total) if total else 0.0


def agreement(slices: Agreement, facts: CorpusFacts, scope: str) -> Html:
    """``slices``: mentions against the text at their offsets, in ``scope``."""
    names = sorted(slices.n_mentions, key=lambda name: (-slices.n_mentions[name], name))
    n, n_agree = slices.n_mentions.total(), slices.n_agree.total()
    n_words, n_whole = facts.borders.n_mentions.total(), facts.borders.n_agree.total()
    rows = [
        (name, slices.n_mentions[name], slices.n_agree[name], percent(slices.n_agree[name], slices.n_mentions[name]), facts.borders.n_agree[name],
         percent(facts.borders.n_agree[name], facts.borders.n_mentions[name]))
        for name in names
    ]  # fmt: skip
    header = ("entity type", "mentions", "agree with the text", "share", "whole words", "share of those read")
    trust = (
        "every label can be trusted to mark what it names"
        if n == n_agree
        else f"{n - n_agree:,} labels mark something else and would teach wrong spans"
    )
    sentence = (
        f"{n_agree:,} of {n:,} mentions agree with the text, so {trust}; {percent(n_whole, n_words)} begin and end at the borders of words, "
        f"the most that tagging whole words can find, and {facts.n_overlapping:,} overlap an earlier mention, of which one alone can be tagged."
    )
    listed = ("place", "entity type", "mention", "text there")
    wrong = [(m.place, m.type, m.claimed, m.found[:100]) for m in slices.disagreeing]
    parts = [(m.place, m.type, m.claimed, m.found[:100]) for m in facts.borders.disagreeing[: N_LISTED // 3]]
    return join(
        (
            paragraph(scope),
            table(header, rows),
            meaning(sentence),
            table(listed, wrong, f"Mentions that disagree with the text ({n - n_agree:,}, at most {N_LISTED} shown)"),
            table(
                (*listed[:3], "whole words there"),
                parts,
                f"Mentions that are not whole words ({n_words - n_whole:,}, at most {N_LISTED // 3} shown)",
            ),
        )
    )


def relation_types(facts: CorpusFacts) -> Html:
    counts = facts.relation_types()
    total, first = sum(counts.values()), next(iter(counts))
    rare = [name for name, n in counts.items() if n < total / 50]
    sentence = f"Whoever always answers {first} has {percent(counts[first], total)} of {total:,} relation types right, the figure to beat"
    if rare:
        share = percent(sum(counts[name] for name in rare), total)
        sentence += f"; {len(rare)} of {len(counts)} types ({', '.join(rare)}) have less than 2 % each and {share} together, too few to shape the overall score"
    return figure(
        bars(top(counts), Labels("Relations by type", "relations"), lambda n: f"{n:,.0f} ({percent(n, total)})"),
        sentence + ".",
    )


def novelty(facts: CorpusFacts) -> Html:
    counts = facts.relation_types()
    n_novel, total = sum(n for (_, novel), n in facts.novelty.items() if novel), sum(counts.values())
    if not n_novel:
        return meaning(
            f"None of the {total:,} relations is marked as novel: the corpus does not tell novelty and cannot teach it."
        )
    parts = {
        name: {"novel": facts.novelty[name, True], "not novel": facts.novelty[name, False]}
        for name in list(counts)[:MAX_KINDS]
    }
    shares = {name: facts.novelty[name, True] / n for name, n in counts.items() if n >= 20} or {
        "any type": n_novel / total
    }
    low, high = min(shares, key=shares.get), max(shares, key=shares.get)
    sentence = (
        f"{percent(n_novel, total)} of the relations are novel, so answering {'“novel”' if n_novel * 2 >= total else '“not novel”'} always is right for "
        f"{percent(max(n_novel, total - n_novel), total)}; of the types with 20 relations or more the share goes from {percent(shares[low], 1)} ({low}) to "
        f"{percent(shares[high], 1)} ({high}): knowing the type {'helps' if shares[high] - shares[low] > 0.15 else 'helps little'}."
    )
    return figure(
        stacked_shares(parts, Labels("Novelty by relation type", "share of relations [%], with their number")), sentence
    )


def type_pairs(facts: CorpusFacts) -> Html:
    totals, columns = facts.pair_totals(), list(facts.relation_types())[:MAX_KINDS]
    rows = list(totals)[:MAX_KINDS]
    counts = np.asarray([[facts.type_pairs[pair, kind] for kind in columns] for pair in rows])
    cumulated = np.cumsum(list(totals.values()))
    enough = int(np.searchsorted(cumulated, 0.99 * cumulated[-1])) + 1
    n_possible = len(facts.offset_start) * (len(facts.offset_start) + 1) // 2
    sentence = (
        f"{enough} pairs of entity types hold {percent(cumulated[enough - 1], cumulated[-1])} of the relations, and {len(totals)} occur of {n_possible} "
        f"that are possible: to score pairs of these {enough} alone loses {percent(cumulated[-1] - cumulated[enough - 1], cumulated[-1])} of the relations and no more."
    )
    more = f" (the {len(rows)} most frequent of {len(totals)} pairs)" if len(totals) > len(rows) else ""
    chart = heat_map(
        [f"{a}\n{b}" for a, b in rows],
        columns,
        counts,
        Labels(f"Relations by pair of entity types and by relation type{more}", "relation type", "entity types"),
    )
    return figure(chart, sentence)


def pairs(facts: CorpusFacts) -> Html:
    every, allowed, related = facts.candidate_pairs(), facts.candidate_pairs(facts.pair_totals()), facts.n_related
    sentence = (
        f"An abstract has {mean(every):.1f} pairs of entities on average (at most {max(every):,}), {mean(allowed):.1f} of types that are ever related, and "
        f"{mean(related):.1f} related pairs: “no relation” is the answer for {percent(sum(allowed) - facts.n_related_candidates, sum(allowed))} of the candidates of such types, and "
        f"an encoder pass for each pair would be {mean(every):.1f} passes where one pass for each document will do."
    )
    candidates = {"all pairs of entities": every, "pairs of types ever related": allowed}
    charts = (
        histogram(candidates, Labels("Candidate pairs per abstract", "candidate pairs in one abstract", "abstracts")),
        histogram(
            {"related pairs": related},
            Labels("Related pairs per abstract", "related pairs in one abstract", "abstracts"),
        ),
    )
    return figure(join(charts), sentence)


def top(counts: Mapping[str, int]) -> dict[str, int]:
    """The ``MAX_KINDS`` most frequent, the others as one."""
    shown = dict(list(counts.items())[:MAX_KINDS])
    rest = sum(counts.values()) - sum(shown.values())
    return shown | ({f"{len(counts) - len(shown)} others": rest} if rest else {})
