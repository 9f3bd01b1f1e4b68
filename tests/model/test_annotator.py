from importlib import resources

import pytest
import torch

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.model.cpu.hardware import choose_precision
from litcoin_batch.model.layers.heads import SUBJECT
from litcoin_batch.schema import Annotation, ConfigError, Document
from litcoin_batch.text.sentences import split_document
from tiny_models import documents, tiny_checkpoint, tiny_model
from toy_gold import gold_mentions

SHIPPED = sorted(path.name for path in (resources.files("litcoin_batch") / "checkpoints").iterdir() if path.is_dir())


@pytest.fixture(scope="module", params=["rnn", "lstm", "transformer"])
def checkpoint(request, tmp_path_factory):
    return tiny_checkpoint(request.param, tmp_path_factory.mktemp(request.param))


def test_memory_is_given_back_between_batches(checkpoint, monkeypatch):
    events = []
    annotate_batch = Annotator._annotate_batch
    monkeypatch.setattr(
        Annotator, "_annotate_batch", lambda self, *given: events.append("batch") or annotate_batch(self, *given)
    )
    monkeypatch.setattr("litcoin_batch.model.annotator._BATCHES_UNTIL_GIVEN_BACK", 4)
    monkeypatch.setattr("litcoin_batch.model.annotator.give_back_memory", lambda: events.append("given back"))
    annotator = Annotator.load(checkpoint, device="cpu", batch_pieces=1)
    annotator.annotate(documents(1))
    assert events == ["batch"], "one batch is not worth the time"
    annotator.annotate(documents(80))
    between = [len(run) for run in "".join("b" if event == "batch" else " " for event in events[1:]).split(" ")]
    assert len(between) > 2 and max(between) <= 4 and between[-1] == 0


def test_an_annotator_leaves_its_checkpoint_as_it_is(checkpoint):
    loaded = Checkpoint.load(checkpoint)
    before = {name: weight.clone() for name, weight in loaded.model.state_dict().items()}
    annotator = Annotator(loaded, open_linker(), device="cpu", precision="bfloat16")
    annotator.annotate(documents())
    after = loaded.model.state_dict()
    assert before.keys() == after.keys()
    assert all(
        weight.dtype == after[name].dtype and torch.equal(weight, after[name]) for name, weight in before.items()
    )
    assert any(weight.dtype != torch.float32 for weight in annotator.model.parameters())


def test_annotations_fit_their_documents(checkpoint):
    annotator = Annotator.load(checkpoint, device="cpu")
    # The texts several times over: of the few pairs that untrained heads read, enough for the loop below.
    many = documents(20)
    found = annotator.annotate(many)
    assert [a.pmid for a in found] == [d.pmid for d in many]
    assert sum(len(a.mentions) for a in found) > 10 and sum(len(a.relations) for a in found) > 3
    for document, annotation in zip(many, found, strict=True):
        known = annotation.entities()
        for mention in annotation.mentions:
            assert document.text[mention.start : mention.end] == mention.text
            assert 0 <= mention.score <= 1 and mention.entity_ids
        for relation in annotation.relations:
            assert relation.entity_1_id < relation.entity_2_id and set(relation.pair) <= known.keys()
            assert 0 <= relation.score <= 1 and 0 <= relation.novel_score <= 1
            assert relation.evidence
            assert all(document.text[e.start : e.end] == e.text for e in relation.evidence)
        assert list(annotation.mentions) == sorted(annotation.mentions, key=lambda m: (m.start, m.end, m.type))
        assert list(annotation.relations) == sorted(annotation.relations, key=lambda r: (r.pair, r.type))


# Where 16 bits are slower than 32, nobody gets them unasked, and kernels of narrow matrices round by the number of rows.
IN_16_BITS = pytest.param(
    "bfloat16",
    marks=pytest.mark.skipif(
        choose_precision("auto", torch.device("cpu")) != "bfloat16",
        reason="this processor is not given 16 bits unasked",
    ),
)


@pytest.mark.parametrize("precision", ["float32", IN_16_BITS])
def test_company_order_and_batch_size_change_not_a_bit(checkpoint, precision):
    many = documents(23)
    expected = Annotator.load(checkpoint, device="cpu", precision=precision).annotate(many)
    alone = Annotator.load(checkpoint, device="cpu", batch_pieces=1, precision=precision)
    assert [alone.annotate([d])[0] for d in many] == expected
    small = Annotator.load(checkpoint, device="cpu", batch_pieces=300, precision=precision)
    assert small.annotate(many[::-1])[::-1] == expected


# The kernels that round differently for few rows are those for wide matrices.
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("shipped", SHIPPED)
def test_company_changes_not_a_bit_at_full_width(shipped, precision):
    many = [Document(i, d.title, d.abstract and d.abstract[: 150 * i]) for i, d in enumerate(documents(10), start=1)]
    annotator = Annotator.load(shipped, device="cpu", precision=precision)
    assert [annotator.annotate([d])[0] for d in many] == annotator.annotate(many)


def test_fewer_bits_change_scores_a_little_and_little_else(checkpoint):
    exact, rough = (
        Annotator.load(checkpoint, device="cpu", precision=p).annotate(documents(10)) for p in ("float32", "bfloat16")
    )
    spans = [{(m.start, m.end, m.type): m.score for a in found for m in a.mentions} for found in (exact, rough)]
    same = spans[0].keys() & spans[1].keys()
    assert len(same) > 0.9 * len(spans[0])
    differences = [abs(spans[0][span] - spans[1][span]) for span in same]
    assert 0 < max(differences) < 0.05


def test_precision_is_what_was_asked_or_what_the_processor_has(checkpoint, monkeypatch):
    names = {"AMD": "AMD EPYC 9R14", "Intel": "Intel Xeon"}
    for capabilities, chosen in (
        ({"avx512_bf16": True, "cpu_name": names["AMD"]}, "bfloat16"),
        ({"avx512_bf16": True, "cpu_name": names["Intel"]}, "float32"),
        ({"avx512_bf16": True, "amx_bf16": True, "cpu_name": names["Intel"]}, "float32"),
        ({"avx2": True}, "float32"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=capabilities: known)
        assert Annotator.load(checkpoint, device="cpu").precision == chosen
        assert Annotator.load(checkpoint, device="cpu", precision="bfloat16").precision == "bfloat16"
    with pytest.raises(ConfigError, match="'int4'"):
        Annotator.load(checkpoint, device="cpu", precision="int4")


def test_given_mentions_are_kept_and_related(checkpoint):
    annotator = Annotator.load(checkpoint, device="cpu")
    few = documents(2)
    given = [gold_mentions(d) for d in few]
    found = annotator.annotate(few, given)
    assert [list(a.mentions) for a in found] == given
    ids = {i for mentions in given for m in mentions for i in m.entity_ids}
    related = {i for a in found for r in a.relations for i in r.pair}
    assert related and related <= ids


def test_pairs_without_relation_are_classified_all_the_same(checkpoint):
    annotator = Annotator.load(checkpoint, device="cpu")
    few = documents(2)
    found = annotator.annotate(few, [gold_mentions(d) for d in few])
    best = annotator.classify_pairs(found, few)
    predicted = {(a.pmid, r.pair): (r.type, r.novel) for a in found for r in a.relations}
    assert predicted and best == predicted


@pytest.mark.parametrize("text", [("", None), (None, None), (" ", " "), ("\u200b", "\x07")])
def test_empty_texts_have_empty_annotations(checkpoint, text):
    annotator = Annotator.load(checkpoint, device="cpu")
    assert annotator.annotate([Document(5, *text)])[0].relations == ()
    assert annotator.annotate([]) == []


def test_a_very_long_document_is_annotated_to_its_end(checkpoint):
    text = " ".join(document.text for document in documents(60))[:9_000]
    annotation = Annotator.load(checkpoint, device="cpu").annotate([Document(5, None, text)])[0]
    assert isinstance(annotation, Annotation) and annotation.mentions[-1].end > 8_900


def test_unknown_device(checkpoint):
    with pytest.raises(ConfigError, match="'tpu'"):
        Annotator.load(checkpoint, device="tpu")


@pytest.mark.parametrize("acts", [0, 1, 2])
def test_the_subject_is_the_end_that_the_logits_say(acts, tmp_path):
    model, tokenizer, config = tiny_model("rnn", tmp_path)
    with torch.no_grad():
        model.pair_head.mention_logits.bias[SUBJECT.start + acts] += 1e6
    annotator = Annotator(Checkpoint(model, tokenizer, config, "tiny"), open_linker(), device="cpu")
    kinds = {e: m.type for d in documents(2) for m in gold_mentions(d) for e in m.entity_ids}
    found = annotator.annotate(documents(2), [gold_mentions(d) for d in documents(2)])
    relations = [r for a in found for r in a.relations]
    assert len({kinds[e] for r in relations for e in r.pair}) > 1
    for relation in relations:
        assert (relation.subject is None) == (acts == 0) and relation.subject in (None, *relation.pair)
        # Ends are ordered by type: a gene before a disease or chemical.
        types = [kinds[e] for e in relation.pair]
        if acts and len(set(types)) == 2 and "GeneOrGeneProduct" in types:
            assert (kinds[relation.subject] == "GeneOrGeneProduct") == (acts == 1)


def test_evidence_is_one_sentence_where_one_names_both(tmp_path):
    annotator = Annotator.load(tiny_checkpoint("rnn", tmp_path), device="cpu")
    found = annotator.annotate(documents(2), [gold_mentions(d) for d in documents(2)])
    seen = set()
    for document, annotation in zip(documents(2), found, strict=True):
        sentences = split_document(document)
        where = {
            i: {n for n, (s, e) in enumerate(sentences) for m in gold_mentions(document) if i in m.entity_ids and s <= m.start < e}
            for m in gold_mentions(document)
            for i in m.entity_ids
        }  # fmt: skip
        for relation in annotation.relations:
            one, two = (where[i] for i in relation.pair)
            places = [sentences.index((e.start, e.end)) for e in relation.evidence]
            together = bool(one & two)
            seen.add(together)
            assert len(places) == (1 if together else 2)
            assert set(places) <= (one & two if together else one | two)
    assert seen == {True, False}
