"""The way of a GPU, walked on a CPU: lanes, work ahead, halves where memory runs out."""

import threading

import pytest
import torch

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.cpu.lanes import halving, in_lanes
from litcoin_batch.warehouse.inference.ahead import ahead
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import _annotate_in_process
from tiny_models import documents, tiny_checkpoint

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_checkpoint("lstm", tmp_path_factory.mktemp("lstm"))


def annotator(folder, **options):
    one = Annotator.load(folder, device="cpu", precision="float32", batch_pieces=64)
    for name, value in options.items():
        setattr(one, name, value)
    return one


def test_the_next_is_done_while_the_last_is_used():
    begun = [threading.Event() for _ in range(4)]

    def work(item):
        begun[item].set()
        return item

    for item in ahead(work, range(4)):
        following = begun[item + 1 :]
        # However long it takes: it is begun without being asked for, and none after it.
        assert all(event.wait(60) for event in following[:1])
        assert not any(event.is_set() for event in following[1:])
    assert list(ahead(work, [])) == []


def test_what_fails_ahead_fails_where_it_is_used():
    results = ahead(lambda n: 1 / n, [1, 0, 2])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_lanes_keep_the_order_and_work_at_once():
    barrier = threading.Barrier(2, timeout=300)

    def work(item):
        if item < 2:
            barrier.wait()
        assert torch.is_inference_mode_enabled()
        return item * item

    assert list(in_lanes(work, range(7), 2, CPU)) == [n * n for n in range(7)]


def test_lanes_change_not_a_bit(folder):
    many = documents(23)
    assert annotator(folder, lanes=3).annotate(many) == annotator(folder).annotate(many)


def test_a_batch_beyond_the_memory_is_halved(folder):
    few = annotator(folder)
    whole, sizes = few._annotate_batch, []

    def annotate_batch(documents, pieces, given):
        sizes.append(len(documents))
        if len(documents) > 3:
            raise torch.OutOfMemoryError("simulated")
        return whole(documents, pieces, given)

    few._annotate_batch, few._batch_pieces = annotate_batch, 4096
    many = documents(23)
    assert few.annotate(many) == annotator(folder).annotate(many)
    assert max(sizes) > 3 and sum(size for size in sizes if size <= 3) == len(many)


def test_one_document_beyond_the_memory_says_so():
    def work(items):
        raise torch.OutOfMemoryError("simulated")

    with pytest.raises(torch.OutOfMemoryError, match="simulated"):
        halving(work, [1, 2, 3])


def test_a_worker_cuts_ahead_what_it_annotates_later(folder):
    plain, busy = annotator(folder), annotator(folder, lanes=2)
    cut = []
    split = busy.split
    busy.split = lambda some: cut.append(len(some)) or split(some)
    batches = [documents(5), documents(9), documents(2)]
    rows = [list(_annotate_in_process(iter(batches), lambda one=one: one, Limits())) for one in (plain, busy)]
    assert rows[0] == rows[1] and cut == [5, 9, 2]
    assert list(_annotate_in_process(iter([]), lambda: pytest.fail("loaded for nothing"), Limits())) == []
