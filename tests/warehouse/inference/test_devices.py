from types import SimpleNamespace

import pytest
from pyspark import TaskContext
from pyspark.resource import ResourceInformation

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.inference.devices import device_of_task


@pytest.fixture
def in_task(monkeypatch):
    """Stand in a task that was given these GPU addresses, on a host that shows these devices."""

    def stand(*addresses, visible=None, resource="gpu"):
        given = {resource: ResourceInformation(resource, list(addresses))} if addresses else {}
        task = SimpleNamespace(resources=lambda: given)
        monkeypatch.setattr(TaskContext, "get", classmethod(lambda cls: task))
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return stand


@pytest.mark.parametrize("requested", ["auto", "cuda"])
@pytest.mark.parametrize(
    ("addresses", "visible", "device"),
    [
        (["0"], None, "cuda:0"),
        (["3"], None, "cuda:3"),
        (["3", "1"], None, "cuda:3"),
        # CUDA counts what it is shown: the host's GPU 5 is the second of these.
        (["5"], "2,5,7", "cuda:1"),
        (["2"], " 2 , 5", "cuda:0"),
        (["GPU-8f2b"], "GPU-11aa,GPU-8f2b", "cuda:1"),
    ],
)
def test_a_task_takes_the_gpu_that_spark_gave_it(in_task, requested, addresses, visible, device):
    in_task(*addresses, visible=visible)
    assert device_of_task(requested) == device


@pytest.mark.parametrize("requested", ["cpu", "cuda:2"])
def test_a_device_chosen_by_name_stays(in_task, requested):
    in_task("1")
    assert device_of_task(requested) == requested


@pytest.mark.parametrize("requested", ["auto", "cuda", "cpu"])
def test_without_a_gpu_of_its_own_a_task_does_as_asked(in_task, requested, monkeypatch):
    in_task()
    assert device_of_task(requested) == requested
    in_task("0", resource="fpga")
    assert device_of_task(requested) == requested
    monkeypatch.setattr(TaskContext, "get", classmethod(lambda cls: SimpleNamespace(resources=lambda: None)))
    assert device_of_task(requested) == requested
    monkeypatch.setattr(TaskContext, "get", classmethod(lambda cls: None))
    assert device_of_task(requested) == requested


@pytest.mark.parametrize(
    ("address", "visible", "message"),
    [
        ("1", "0", "'1'.*CUDA_VISIBLE_DEVICES is '0'"),
        ("0", "", "CUDA_VISIBLE_DEVICES is ''"),
        # Neither index nor UUID of the other form can be guessed.
        ("0", "GPU-11aa", "'0'.*'GPU-11aa'"),
        ("GPU-11aa", None, "'GPU-11aa': expected an index"),
    ],
)
def test_an_address_that_cuda_does_not_show_is_an_error(in_task, address, visible, message):
    in_task(address, visible=visible)
    with pytest.raises(ConfigError, match=message):
        device_of_task("auto")
