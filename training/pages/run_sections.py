"""The sections of the page of a training run, each with a sentence that its own numbers give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from litcoin_batch.reports.charts import Labels, grouped_bars
from litcoin_batch.reports.page import Html, figure, join, meaning, paragraph, percent, table
from litcoin_batch.scoring import Counts, MentionScores
from training.learning.reliability import N_BINS, Scored, bin_scores, calibration_error
from training.pages import run_errors as errors
from training.pages.curves import LOSSES, SCORES
from training.pages.matrix_charts import curves, heat_map, reliability_chart
from training.pages.run_facts import (
    NONE,
    Outcome,
    confusion,
    judged_mentions,
    mention_scores,
    novelty_scores,
    relation_counts,
    relation_scores,
)

SCORE_HEADER = ("", "precision", "recall", "F1", "right", "gold", "predicted")


def learning_curves(history: Sequence[dict]) -> Html:
    """``history``: the rows of curves.jsonl; what a row lacks is left out of the chart."""
    epochs = [row["epoch"] for row in history]
    losses = _series(history, {name: f"{name}_loss" for name in LOSSES})
    scores = _series(history, {name.replace("_", " + "): name for name in SCORES})
    best = {name: int(np.nanargmax(values)) for name, values in scores.items() if np.isfinite(values).any()}
    parts = []
    if any(np.isfinite(v).any() for v in losses.values()):
        falls = [f"{name} from {values[0]:.3f} to {values[-1]:.3f}" for name, values in losses.items()]
        seconds = [row["train_sec"] for row in history if "train_sec" in row]
        took = f"; an epoch took {np.median(seconds):,.0f} s (median of {len(seconds)})" if seconds else ""
        chart = curves(
            epochs, losses, Labels("Training loss by epoch", "epoch", "mean loss per batch [nats], log scale"), log=True
        )
        parts.append(
            figure(
                chart,
                f"Between the first and the last of {len(epochs)} epochs its losses went {', '.join(falls)}{took}.",
            )
        )
    if best:
        tops = [
            f"{name} {scores[name][i]:.3f} in epoch {epochs[i]} ({scores[name][-1]:.3f} in the last)"
            for name, i in best.items()
        ]
        late = sum(i >= len(epochs) - 2 for i in best.values())
        more = (
            "longer training may still help" if late * 2 > len(best) else "longer training of this kind would not help"
        )
        chart = curves(
            epochs, scores, Labels("Scores on the development set by epoch, gold mentions for pairs", "epoch", "F1")
        )
        parts.append(
            figure(
                chart,
                f"The best F1 of each level was {', '.join(tops)}; {late} of {len(best)} peak in the last two epochs: {more}.",
            )
        )
    return join(parts)


def _series(history: Sequence[dict], keys: Mapping[str, str]) -> dict[str, list[float]]:
    return {
        name: [float(row.get(key, "nan")) for row in history]
        for name, key in keys.items()
        if any(key in row for row in history)
    }


def entity_scores(found: MentionScores) -> Html:
    present = {name: c for name, c in found.per_type.items() if c.n_gold or c.n_predicted}
    best, worst = max(present, key=lambda n: present[n].f1), min(present, key=lambda n: present[n].f1)
    losing = max(present, key=lambda n: present[n].n_gold - present[n].tp)
    missed, total = present[losing].n_gold - present[losing].tp, found.micro.n_gold - found.micro.tp
    sentence = (
        f"It finds {percent(found.micro.tp, found.micro.n_gold)} of {found.micro.n_gold:,} gold mentions, and {percent(found.micro.tp, found.micro.n_predicted)} of "
        f"what it finds is right; {best} is best (F1 {present[best].f1:.3f}) and {worst} worst ({present[worst].f1:.3f}), while {losing} costs most: "
        f"{missed:,} of {total:,} misses."
    )
    return join(
        (
            _score_chart(present, "Entity recognition by type, from text alone"),
            _score_table(present, found.micro),
            meaning(sentence),
        )
    )


def type_scores(outcome: Outcome) -> Html:
    given, found = relation_counts(outcome.gold, outcome.given), relation_counts(outcome.gold, outcome.found)
    present = [name for name in given if given[name].n_gold or given[name].n_predicted or found[name].n_predicted]
    total, end_to_end = sum(given.values(), Counts()), sum(found.values(), Counts())
    series = {"gold mentions given": [given[n].f1 for n in present], "from text alone": [found[n].f1 for n in present]}
    chart = grouped_bars(present, series, Labels("Pair and type by relation type", "F1"), lambda value: f"{value:.2f}")
    never = [n for n in present if given[n].n_gold and not given[n].tp]
    sentence = (
        f"With gold mentions pair and type reach F1 {total.f1:.3f}, from text alone {end_to_end.f1:.3f}: finding and naming entities costs "
        f"{total.f1 - end_to_end.f1:.3f}"
        + (
            f"; of {', '.join(never)} ({sum(given[n].n_gold for n in never):,} gold relations) it finds none."
            if never
            else "."
        )
    )
    tables = (
        _score_table({n: given[n] for n in present}, total, "Gold mentions given"),
        _score_table({n: found[n] for n in present}, end_to_end, "From text alone"),
    )
    return join((chart, *tables, meaning(sentence)))


def _score_chart(counts: Mapping[str, Counts], title: str) -> Html:
    series = {
        "precision": [c.precision for c in counts.values()],
        "recall": [c.recall for c in counts.values()],
        "F1": [c.f1 for c in counts.values()],
    }
    return grouped_bars(list(counts), series, Labels(title, "score (share)"), lambda value: f"{value:.2f}")


def _score_table(counts: Mapping[str, Counts], total: Counts, caption: str = "") -> Html:
    rows = [
        (name, c.precision, c.recall, c.f1, c.tp, c.n_gold, c.n_predicted)
        for name, c in (*counts.items(), ("all", total))
    ]
    return table(SCORE_HEADER, rows, caption)


def confusions(outcome: Outcome) -> Html:
    parts = []
    rows, columns, counts = confusion(outcome, forced=False)
    related, n = counts[:-1], int(counts[:-1].sum())
    diagonal = int(np.trace(related))
    n_none = int(related[:, columns.index(NONE) :].sum())
    spurious = int(counts[-1].sum())
    losses = {"a wrong type": n - diagonal - n_none, "a missed pair": n_none, "a pair that is none": spurious}
    parts.append(
        figure(
            heat_map(
                rows,
                columns,
                counts,
                Labels("What becomes of gold relations, gold mentions given", "predicted", "gold"),
                by_row=True,
            ),
            f"Of {n:,} gold relations {percent(diagonal, n)} get their type, {percent(n - diagonal - n_none, n)} another type and {percent(n_none, n)} no relation at all, "
            f"and {spurious:,} are predicted where gold has none: the most frequent error is {max(losses, key=losses.get)}.",
        )
    )
    rows, columns, counts = confusion(outcome, forced=True)
    wrong = counts[:, : len(rows)] * (1 - np.eye(len(rows), dtype=int))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    parts.append(
        figure(
            heat_map(
                rows,
                columns,
                counts,
                Labels("Relation type of gold pairs where one has to be chosen", "predicted", "gold"),
                by_row=True,
            ),
            f"Where a type has to be chosen, {percent(np.trace(counts), counts.sum())} are right (the type accuracy of gold pairs); the most frequent confusion is "
            f"{rows[row]} taken for {columns[column]}, {wrong[row, column]:,} times.",
        )
    )
    return join(parts)


def calibration(outcome: Outcome) -> Html:
    parts = [
        paragraph(
            f"Predictions in {N_BINS} bins of equal width by score; empty bins are not drawn. The expected calibration error (ECE) is the mean distance "
            "of the share that is right from the mean score, weighted by the predictions of each bin (Guo et al. 2017)."
        )
    ]
    curves_of = {
        "Mention scores, from text alone": (mention_scores(outcome), "right: span and type"),
        "Relation scores, gold mentions given": (
            relation_scores(outcome.documents, outcome.given),
            "right: pair and type",
        ),
        "Relation scores, from text alone": (relation_scores(outcome.documents, outcome.found), "right: pair and type"),
        "Novelty scores of related pairs, gold mentions given": (novelty_scores(outcome), "novel in gold"),
    }
    return join((*parts, *(_reliability(title, scored, right) for title, (scored, right) in curves_of.items())))


def _reliability(title: str, scored: Sequence[Scored], right: str) -> Html:
    if not scored:
        return paragraph(f"{title}: nothing was predicted.")
    bins = bin_scores(scored)
    error = calibration_error([s.score for s in scored], [s.right for s in scored], N_BINS)
    mean_score, share = sum(b.n * b.score for b in bins) / len(scored), sum(b.n * b.right for b in bins) / len(scored)
    leaning = (
        "too sure"
        if mean_score > share + 0.02
        else "not sure enough"
        if mean_score < share - 0.02
        else "about as sure as it should be"
    )
    chart = reliability_chart(
        bins, Labels(f"{title} (ECE {error:.3f}, n = {len(scored):,})", "score (probability)", f"share ({right})")
    )
    sentence = f"It is {leaning}: the mean score is {mean_score:.3f} where a share of {share:.3f} holds; whoever filters on score has to reckon with an error of {error:.3f}."
    return figure(chart, sentence)


def worst(outcome: Outcome) -> Html:
    wrong = errors.wrong_mentions(outcome)
    n_wrong = sum(not right for *_, right in judged_mentions(outcome))
    about = [row[2] for row in wrong]
    nothing = sum(text == "nothing there" for text in about)
    relations = errors.wrong_relations(outcome.documents, outcome.given)
    other_type = sum(row[2] != "no relation" for row in relations)
    sentence = (
        f"Of the {len(wrong)} surest of {n_wrong:,} wrong mentions {nothing} stand where gold has nothing, the others differ from gold in span or type; "
        f"of the {len(relations)} surest wrong relations {other_type} have a gold relation of another type."
    )
    return join(
        (
            paragraph("Highlighted: what the model says. Underlined twice: gold. Relations are those predicted from gold mentions, their two entities highlighted in the sentences the model gives as evidence."),
            meaning(sentence),
            table(errors.WRONG_MENTION, wrong, "Most confident wrong mentions"),
            table(errors.WRONG_RELATION, relations, "Most confident wrong relations"),
            table(errors.MISSED_MENTION, errors.missed_mentions(outcome), "Gold mentions missed most often"),
            table(errors.MISSED_RELATION, errors.missed_relations(outcome.documents, outcome.given), "Gold relations missed most often"),
        )
    )  # fmt: skip
