"""The contrast set: well formed, apart from what is trained on, judged as its definitions say."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from litcoin_batch.schema import Annotation, ContractError, Relation
from tiny_models import tiny_checkpoint
from training.data.made.contrast_documents import contrast_documents
from training.data.made.contrast_names import CELL_LINES, CHEMICALS, DISEASES, GENES, LONG_GENES
from training.data.made.contrast_templates import BANKS, CLAUSES, SCENES
from training.data.made.plain_texts import SENTENCES
from training.evaluate import main
from training.learning.contrast import CHOOSING, DENYING, NOVELTY, PAIRS, SIGNED, judge, read_out_of_domain, read_pairs

# Words that say nothing by themselves: a cue is what remains.
FUNCTION_WORDS = frozenset(
    "a an the of with by in for to and or was were is are be been not no never did does do has had could cannot can it that this than as at on out off up down any between before".split()
)


@pytest.fixture(scope="module")
def pairs():
    return read_pairs()


def words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def test_there_are_at_least_200_pairs_of_all_kinds_within_bounds(pairs):
    assert len(pairs) >= 200 and {p.kind for p in pairs} == {*DENYING, *SIGNED, *CHOOSING, NOVELTY}
    assert PAIRS.stat().st_size < 300_000
    assert [p.id for p in pairs] == list(range(1, len(pairs) + 1))
    for pair in pairs:
        one, two = pair.sides
        assert one.document.text != two.document.text and one.holds != two.holds
        for side in pair.sides:
            named = {i for m in side.document.gold.mentions for i in m.entity_ids}
            assert all(side.document.text[m.start : m.end] == m.text for m in side.document.gold.mentions)
            assert all(named.issuperset(h.pair) for h in side.holds)


def test_names_are_none_of_those_that_are_trained_on(pairs):
    trained = {name.lower() for name in (*GENES, *LONG_GENES, *DISEASES, *CHEMICALS, *CELL_LINES)}
    trained |= {m.text.lower() for d in contrast_documents(3000, seed=1) for m in d.gold.mentions}
    names = {m.text.lower() for p in pairs for s in p.sides for m in s.document.gold.mentions}
    assert len(names) > 80 and not names & trained


def test_the_words_that_decide_a_pair_are_none_of_the_banks_that_decide_training_sentences(pairs):
    cues = {
        w for bank in BANKS.values() for texts in bank.values() for text in texts for w in words(text)
    } - FUNCTION_WORDS
    for row in map(json.loads, PAIRS.read_text().splitlines()):
        names = {w for name in row["entities"] for w in words(name)}
        one, two = ({*words(side["says"])} - names for side in row["sides"])
        assert not (one ^ two) & cues, row["id"]


def test_no_run_of_four_words_is_shared_with_a_template(pairs):
    def runs(text):
        return {
            tuple(found)
            for part in re.split(r"[<>{}\[\]|.,:;]", text)
            for found in zip(*(words(part)[i:] for i in range(4)), strict=False)
        }

    trained = set().union(*(runs(says.text) for says in (*CLAUSES, *SCENES)))
    own = set().union(
        *(runs(side["says"]) for row in map(json.loads, PAIRS.read_text().splitlines()) for side in row["sides"])
    )
    assert len(own) > 500 and not own & trained


def test_texts_out_of_domain_share_no_sentence_with_those_trained_on():
    texts = read_out_of_domain()
    trained = {" ".join(words(s)) for sentences in SENTENCES.values() for s in sentences}
    assert len(texts) >= 40 and sum(len(d.text.split()) for d in texts) > 2000
    assert not trained & {" ".join(words(s)) for d in texts for s in re.split(r"(?<=\.) ", d.text)}


def answer(pair, *types: str | None, scores=(0.9, 0.9), novel=(True, True)) -> list[Annotation]:
    """One relation, or none, of the first pair asked for on each side."""
    made = []
    for side, type, score, new in zip(pair.sides, types, scores, novel, strict=True):
        relations = (Relation(*side.holds[0].pair, type, new, score),) if type else ()
        made.append(Annotation(side.document.pmid, side.document.gold.mentions, relations))
    return made


def first(pairs, kind):
    return next(p for p in pairs if p.kind == kind)


def test_denied_is_told_apart_by_silence_or_by_half_the_score(pairs):
    pair = first(pairs, "affirmed or denied")
    assert judge(pair, *answer(pair, "Association", None)) == {"told_apart": True, "denied_silent": True}
    assert judge(pair, *answer(pair, "Bind", "Bind", scores=(0.9, 0.45))) == {
        "told_apart": True,
        "denied_silent": False,
    }
    assert judge(pair, *answer(pair, "Bind", "Bind", scores=(0.9, 0.46)))["told_apart"] is False
    assert judge(pair, *answer(pair, None, None)) == {"told_apart": False, "denied_silent": False}


def test_a_sign_is_right_by_side_and_on_both(pairs):
    pair = first(pairs, "up or down")
    up, down = "Positive_Correlation", "Negative_Correlation"
    assert judge(pair, *answer(pair, up, down)) == {"sign": 1.0, "sign_both": True}
    assert judge(pair, *answer(pair, up, up)) == {"sign": 0.5, "sign_both": False}
    assert judge(pair, *answer(pair, None, "Association")) == {"sign": 0.0, "sign_both": False}


def test_the_related_one_is_chosen_or_at_least_scores_higher(pairs):
    pair = first(pairs, "two drugs compared")
    one = [Relation(*h.pair, "Negative_Correlation", True, 0.9 if h.type else 0.2) for h in pair.sides[0].holds]
    both = Annotation(0, (), tuple(one))
    assert judge(pair, both, Annotation(0)) == {"chosen": 0.0, "chosen_by_score": 0.5}
    right = Annotation(0, (), tuple(r for r, h in zip(one, pair.sides[0].holds, strict=True) if h.type))
    assert judge(pair, right, Annotation(0)) == {"chosen": 0.5, "chosen_by_score": 0.5}


def test_novelty_needs_the_relation(pairs):
    pair = first(pairs, NOVELTY)
    assert judge(pair, *answer(pair, "Bind", "Bind", novel=(True, False))) == {"novelty": 1.0, "novelty_both": True}
    assert judge(pair, *answer(pair, None, "Bind", novel=(True, False))) == {"novelty": 0.5, "novelty_both": False}
    assert judge(pair, *answer(pair, "Bind", "Bind", novel=(True, True))) == {"novelty": 0.5, "novelty_both": False}


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "pairs.jsonl"
    row = json.loads(PAIRS.read_text().splitlines()[0])
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"entities": {"x": "Planet"}}) + "\n")
    with pytest.raises(ContractError, match=r"pairs.jsonl:2.*"):
        read_pairs(path)
    path.write_text(json.dumps(row | {"kind": "guess"}))
    with pytest.raises(ContractError, match="guess"):
        read_pairs(path)


def test_the_command_scores_both_sets_without_gold(tmp_path):
    folder = tiny_checkpoint("rnn", tmp_path / "tiny")
    out = tmp_path / "out.json"
    options = [
        "--checkpoint",
        str(folder),
        "--contrast",
        "--out-of-domain",
        "--json",
        str(out),
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert sum(row["n"] for row in figures["contrast"]["by_kind"].values()) == len(read_pairs())
    assert figures["out_of_domain"]["n_words"] > 2000 and "sign right" in result.output
    assert CliRunner().invoke(main, ["--checkpoint", str(folder), "--json", str(out)]).exit_code == 2
