import base64
import hashlib
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files import checksums, downloads, objects
from litcoin_batch.warehouse.files.downloads import cache_folder, download, fetch_folder
from s3_server import noise

MIB = 1 << 20


@pytest.mark.parametrize("n_bytes", [0, 1, 1000, 3 * MIB, 3 * MIB + 1])
def test_a_download_is_the_object_whatever_its_size(s3, bucket, tmp_path, n_bytes):
    content = noise(n_bytes)
    bucket({"x": content})
    s3.calm()
    download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert (tmp_path / "x").read_bytes() == content
    assert s3.seen["GET /bucket/x"] == -(-n_bytes // MIB)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def when_asked(monkeypatch, do):
    """``do`` is called by each request for a range, before it is sent."""
    opened = downloads.open_client

    def open_client():
        client = opened()
        client.meta.events.register("before-send.s3.GetObject", before_send)
        return client

    def before_send(**_):
        do()  # what is given back would be taken for the answer

    monkeypatch.setattr(downloads, "open_client", open_client)


def test_ranges_come_in_parallel(s3, bucket, tmp_path, monkeypatch):
    bucket({"x": noise(4 * MIB)})
    together, first = threading.Barrier(3, timeout=300), threading.Lock()
    # The first range comes alone, then all others.
    when_asked(monkeypatch, lambda: first.acquire(blocking=False) or together.wait())
    download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert first.locked() and not together.broken
    assert (tmp_path / "x").read_bytes() == noise(4 * MIB)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA1", "CRC64NVME", "CRC32C", "CRC32"])
def test_each_checksum_of_s3_is_compared(s3, bucket, tmp_path, algorithm):
    bucket({"x": noise(3 * MIB)}, ChecksumAlgorithm=algorithm)
    s3.disturb("GET /bucket/x", "flip")
    assert download("s3://bucket/x", tmp_path / "x", range_bytes=MIB) == algorithm
    assert (tmp_path / "x").read_bytes() == noise(3 * MIB)
    assert s3.seen["GET /bucket/x"] == 6  # the altered one was fetched again


def test_what_comes_altered_each_time_is_an_error_and_leaves_nothing(s3, bucket, tmp_path):
    bucket({"x": noise(2 * MIB)})
    s3.disturb("GET /bucket/x", "flip", times=99)
    with pytest.raises(ContractError, match=r"s3://bucket/x: its CRC32 is not what the store says, 3 times over"):
        download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert list(tmp_path.glob("*x*")) + list(tmp_path.glob("*.part")) == []


def put_in_parts(contents, **more):
    client = boto3.client("s3")
    upload = {"Bucket": "bucket", "Key": "x", "UploadId": None}
    upload["UploadId"] = client.create_multipart_upload(Bucket="bucket", Key="x", **more)["UploadId"]
    parts = [
        {"PartNumber": i, "ETag": client.upload_part(**upload, PartNumber=i, Body=content)["ETag"]}
        for i, content in enumerate(contents, 1)
    ]
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def test_an_upload_in_parts_of_any_size_is_compared_by_its_composite_etag(s3, bucket, tmp_path):
    contents = [noise(6 * MIB, 1), noise(5 * MIB, 2), noise(100, 3)]
    put_in_parts(contents)
    assert download("s3://bucket/x", tmp_path / "x") == "ETag"
    assert (tmp_path / "x").read_bytes() == b"".join(contents)
    s3.disturb("GET /bucket/x", "flip", times=99)
    with pytest.raises(ContractError, match="its ETag is not what the store says"):
        download("s3://bucket/x", tmp_path / "y")


def test_a_composite_checksum_is_of_the_checksums_of_the_parts(tmp_path):
    parts = [b"one" * 1000, b"two"]
    whole = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    facts = {"ChecksumSHA256": base64.b64encode(whole.digest()).decode() + "-2", "ChecksumType": "COMPOSITE"}
    expected = checksums.expected_of(facts)
    (tmp_path / "x").write_bytes(b"".join(parts))
    assert expected.n_parts == 2
    assert checksums.digest_of(tmp_path / "x", expected, map(len, parts)) == expected.digest
    assert checksums.digest_of(tmp_path / "x", expected, [2999, 4]) != expected.digest


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [("CRC32", "cbf43926"), ("CRC32C", "e3069283"), ("CRC64NVME", "ae8b14860a799888")],
)
def test_cyclic_checksums_have_their_published_check_values(tmp_path, algorithm, check):
    """Of the digits 1 to 9, as in the catalogue of parametrised CRC algorithms."""
    (tmp_path / "x").write_bytes(b"123456789")
    expected = checksums.expected_of({f"Checksum{algorithm}": base64.b64encode(bytes.fromhex(check)).decode()})
    assert checksums.digest_of(tmp_path / "x", expected).hex() == check


@pytest.mark.parametrize(
    "more", [{"ServerSideEncryption": "aws:kms"}, {"SSECustomerAlgorithm": "AES256"}, {"ETag": '"opaque"'}]
)
def test_an_etag_that_is_no_md5_is_not_taken_for_one(more):
    etag = {"ETag": f'"{hashlib.md5(b"x").hexdigest()}"'}
    assert checksums.expected_of(etag).digest == hashlib.md5(b"x").digest()
    assert checksums.expected_of({**etag, "ServerSideEncryption": "AES256"}) is not None
    assert checksums.expected_of({**etag, **more}) is None


@pytest.mark.parametrize("how", ["cut", "drop", "busy"])
def test_interrupted_connections_and_busy_services_are_asked_again(s3, bucket, tmp_path, how):
    bucket({"x": noise(3 * MIB), "small": b"content"})
    s3.disturb("GET /bucket/x", how, times=4)
    s3.disturb("HEAD /bucket/x", "busy" if how == "busy" else "drop", times=2)
    s3.disturb("GET /bucket", how, times=2)
    s3.disturb("GET /bucket/small", how, times=2)
    assert [one.n_bytes for one in objects.list_objects("s3://bucket")] == [7, 3 * MIB]
    assert objects.read_object("s3://bucket/small") == b"content"
    download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert (tmp_path / "x").read_bytes() == noise(3 * MIB)
    assert s3.seen["GET /bucket/x"] == 3 + 4


def test_only_the_range_that_broke_off_is_fetched_again(s3, bucket, tmp_path):
    bucket({"x": noise(5 * MIB)})
    s3.disturb("GET /bucket/x", "cut", times=5)
    download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert (tmp_path / "x").read_bytes() == noise(5 * MIB)
    assert s3.seen["GET /bucket/x"] == 10


@pytest.mark.parametrize(
    ("how", "message"), [("cut", "no whole answer"), ("drop", "no whole answer"), ("busy", "SlowDown")]
)
def test_a_service_that_never_answers_is_no_matter_of_settings(s3, bucket, tmp_path, how, message):
    bucket({"x": noise(1000)})
    s3.disturb("GET /bucket/x", how, times=999)
    with pytest.raises(ConnectionError, match=f"s3://bucket/x cannot be read: .*{message}.*6 times"):
        download("s3://bucket/x", tmp_path / "x")
    assert list(tmp_path.glob("*.part")) == []


def test_an_object_that_is_replaced_meanwhile_is_never_a_mix(bucket, tmp_path, monkeypatch):
    bucket({"x": noise(3 * MIB, 1)})
    asked = []

    def replace_before_second():
        asked.append(True)
        if len(asked) == 2:
            bucket({"x": noise(3 * MIB, 2)})

    monkeypatch.setattr(downloads, "N_PARALLEL", 1)
    when_asked(monkeypatch, replace_before_second)
    download("s3://bucket/x", tmp_path / "x", range_bytes=MIB)
    assert (tmp_path / "x").read_bytes() == noise(3 * MIB, 2) and len(asked) > 3


# Once per host


FETCH = """
import sys
from pathlib import Path
from litcoin_batch.warehouse.files.downloads import fetch_folder
def check(folder):
    assert (folder / "deep/b").is_file()
print("ready", flush=True)
sys.stdin.readline()
print(fetch_folder("s3://bucket/model/", check))
"""


def test_processes_of_one_host_share_one_download(s3, bucket, pytestconfig):
    contents = {"model/a": noise(2 * MIB), "model/deep/b": b"b", "models/c": b"c"}
    bucket(contents)
    s3.calm()
    s3.delay_sec = 0.3
    environment = {**os.environ, "PYTHONPATH": str(pytestconfig.rootpath)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FETCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    folders = {process.communicate(timeout=600)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    (folder,) = folders
    assert {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()} == {
        "a": contents["model/a"],
        "deep/b": b"b",
    }
    assert s3.seen["GET /bucket/model/a"] == s3.seen["GET /bucket/model/deep/b"] == 1


def test_a_new_state_of_the_objects_makes_a_new_folder(bucket):
    bucket({"model/a": b"one"})
    first = fetch_folder("s3://bucket/model", lambda folder: None)
    assert fetch_folder("s3://bucket/model/", lambda folder: pytest.fail("checked twice")) == first
    bucket({"model/a": b"two"})
    second = fetch_folder("s3://bucket/model", lambda folder: None)
    assert [(folder / "a").read_bytes() for folder in (first, second)] == [b"one", b"two"]


def test_a_folder_that_fails_its_check_is_seen_by_nobody(bucket):
    bucket({"model/a": b"one"})

    def refuse(folder):
        raise ContractError("no manifest")

    for _ in range(2):
        with pytest.raises(ContractError, match="s3://bucket/model: no manifest"):
            fetch_folder("s3://bucket/model", refuse)
    assert [path for path in cache_folder().iterdir() if path.suffix != ".lock"] == []


def _hold(lock, ready):
    with downloads._only_one(lock):
        ready.send(True)
        threading.Event().wait()


def test_the_lock_of_a_killed_process_does_not_stay(bucket, tmp_path):
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context("spawn").Process(target=_hold, args=(tmp_path / "x.lock", theirs))
    holder.start()
    try:
        assert ours.poll(600) and ours.recv()
        with (tmp_path / "x.lock").open("a") as stream, pytest.raises(BlockingIOError):
            downloads.fcntl.flock(stream, downloads.fcntl.LOCK_EX | downloads.fcntl.LOCK_NB)
    finally:
        holder.kill()
        holder.join(60)
    with downloads._only_one(tmp_path / "x.lock"):
        assert not holder.is_alive()


def test_nothing_below_the_address_is_an_error(bucket):
    bucket({"model-2/a": b"x"})
    with pytest.raises(ConfigError, match="s3://bucket/model: no such folder"):
        fetch_folder("s3://bucket/model", lambda folder: None)


@pytest.mark.parametrize("key", ["model/../../x", "model//x", "model/./x"])
def test_names_that_lead_out_of_the_folder_are_refused(bucket, key, monkeypatch):
    monkeypatch.setattr(downloads, "list_objects", lambda uri: [objects.StoredObject(f"s3://bucket/{key}", 1, "e", 0)])
    with pytest.raises(ContractError, match="leads out"):
        fetch_folder("s3://bucket/model", lambda folder: None)


def test_the_cache_of_this_user_takes_no_models_from_others(monkeypatch, tmp_path):
    monkeypatch.delenv("LITCOIN_BATCH_CACHE", raising=False)
    monkeypatch.setattr(downloads.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = cache_folder()
    assert (folder.parent, folder.stat().st_mode & 0o777) == (tmp_path, 0o700)
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="others may write to it; set LITCOIN_BATCH_CACHE"):
        cache_folder()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="others may write"):
        cache_folder()


def test_a_cache_that_cannot_be_made_is_a_wrong_setting(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LITCOIN_BATCH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ConfigError, match="cache folder .*set LITCOIN_BATCH_CACHE to another"):
        cache_folder()
