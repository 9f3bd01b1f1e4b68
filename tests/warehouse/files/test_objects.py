import json
import logging
from pathlib import Path

import boto3
import pytest

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.downloads import download
from litcoin_batch.warehouse.files.objects import find_objects, list_objects, put_json, read_object, split_uri
from s3_server import KEY_ID, SECRET, tell


def uris(found):
    return [one.uri.removeprefix("s3://bucket/") for one in found]


# Addresses


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://b-1.x/a/b c?#%20.xml", ("b-1.x", "a/b c?#%20.xml")),
    ],
)
def test_an_address_is_bucket_and_key(uri, parts):
    assert split_uri(uri) == parts


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://-x/key", "s3://two words/key"])
def test_an_address_without_a_bucket_is_an_error(uri):
    with pytest.raises(ConfigError, match="expected s3://bucket/key"):
        split_uri(uri)


def test_credentials_in_an_address_are_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="without credentials") as raised:
        find_objects(f"s3://{KEY_ID}:{SECRET}@bucket/key")
    assert SECRET not in str(raised.value)
    assert KEY_ID not in str(raised.value)


# Listing


def test_a_listing_of_many_pages_is_whole_and_in_order(s3, bucket):
    keys = [f"files/{i:03}.xml" for i in range(25)]
    bucket({key: key.encode() for key in reversed(keys)})
    bucket({"files/": b"", "other/x": b""})
    s3.calm()
    found = list_objects("s3://bucket/files/", page_size=4)
    assert uris(found) == keys
    assert {one.n_bytes for one in found} == {13}
    assert s3.seen == {"GET /bucket": 7}


def test_a_listing_goes_beyond_the_thousand_that_one_answer_holds(s3, bucket):
    # Put straight into the server: a thousand requests would take their time.
    stored = pytest.importorskip("moto.s3.models").s3_backends["123456789012"]["aws"]
    for i in range(1005):
        stored.put_object("bucket", f"many/{i:04}", b"x")
    s3.calm()
    assert uris(list_objects("s3://bucket/many")) == [f"many/{i:04}" for i in range(1005)]
    assert s3.seen == {"GET /bucket": 2}


NAMES = [
    "up/a[1].xml",
    "up/pubmed26n0001.xml.gz",
    "up/pubmed26n0001.xml.gz.md5",
    "up/pubmed26n0002.xml.gz",
    "up/_tmp/x.xml",
    "up/.hidden",
    "up/deep/b c+d%20é.xml",
    "upper/pubmed26n0001.xml",
    "up-file",
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("up", [0, 6, 1, 3]),
        ("up/", [0, 6, 1, 3]),
        ("up/deep/b c+d%20é.xml", [6]),
        ("up-file", [8]),
        ("up/pubmed26n0001.xml.gz.md5", [2]),
        # A name that exists is meant literally.
        ("up/a[1].xml", [0]),
        ("up/a?1?.xml", [0]),
        ("up/pubmed26n*", [1, 3]),
        ("up/pubmed26n000[2-9].xml.gz", [3]),
        ("up/pubmed26n000[!2].xml.gz", [1]),
        ("up/*{1,2}.xml.gz", [1, 3]),
        ("*/pubmed26n0001.xml*", [1, 7]),
        ("up*", [8, 0, 6, 1, 3, 7]),
        ("*/d*", [6]),
        ("up/*.XML", []),
        ("u", []),
        ("up/pubmed26n0001.xml", []),
    ],
)
def test_names_folders_and_patterns_stand_for_files(bucket, path, expected):
    bucket(dict.fromkeys(NAMES, b"x"))
    assert uris(find_objects(f"s3://bucket/{path}")) == [NAMES[i] for i in expected]


def test_the_bucket_itself_is_a_folder(bucket):
    bucket({"a": b"", "b/c": b"", "_x/c": b""})
    assert uris(find_objects("s3://bucket")) == uris(find_objects("s3://bucket/")) == ["a", "b/c"]


@pytest.mark.parametrize("path", ["up/{a", "up/[z-a]", "up/a}*"])
def test_a_broken_pattern_is_an_error(bucket, path):
    with pytest.raises(ConfigError, match="pattern"):
        find_objects(f"s3://bucket/{path}")


def test_the_end_of_an_object_and_records_of_runs(bucket):
    bucket({"x": b"0123PAR1"})
    assert read_object("s3://bucket/x", last=4) == b"PAR1"
    put_json("s3://bucket/records/r1.json", {"run_id": "r1", "title": "für"})
    assert json.loads(read_object("s3://bucket/records/r1.json")) == {"run_id": "r1", "title": "für"}
    with pytest.raises(ConfigError, match="name of an object"):
        put_json("s3://bucket/records/", {})


# What is wrong, in words


@pytest.mark.parametrize(
    "act", [read_object, lambda uri: download(uri, Path("x")), list_objects, lambda uri: put_json(uri, 1)]
)
def test_a_missing_bucket_is_named(bucket, act):
    with pytest.raises(ConfigError, match=r"^s3://nowhere/x cannot be (read|listed|written): no such bucket$"):
        act("s3://nowhere/x")


@pytest.mark.parametrize("act", [read_object, lambda uri: download(uri, Path("x"))])
def test_a_missing_object_is_named(bucket, act):
    with pytest.raises(ConfigError, match=r"^s3://bucket/none cannot be read: no such object$"):
        act("s3://bucket/none")


ACTS = [read_object, lambda uri: download(uri, Path("x")), list_objects, find_objects, lambda uri: put_json(uri, 1)]


@pytest.mark.parametrize("act", ACTS)
def test_without_credentials_the_message_says_so(bucket, act, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match="standard chain of AWS found an incomplete set"):
        act("s3://bucket/x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigError, match="s3://bucket/x cannot be .*: credentials are needed.* found none"):
        act("s3://bucket/x")


@pytest.fixture
def user_without_rights(s3, bucket, monkeypatch):
    """The server checks rights from here on, and the environment names a user who has none."""
    bucket({"x": b"secret content"})
    iam = boto3.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    tell(s3, "/moto-api/reset-auth", b"0")
    yield key
    tell(s3, "/moto-api/reset-auth", b"inf")


@pytest.mark.parametrize("act", ACTS)
def test_denied_access_and_unknown_keys_are_told_apart(user_without_rights, act, monkeypatch):
    with pytest.raises(ConfigError, match="s3://bucket/x cannot be (read|listed|written): access denied"):
        act("s3://bucket/x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWN01")
    # The answer to a HEAD request says no more than 403.
    with pytest.raises(ConfigError, match="does not accept the credentials|access denied"):
        act("s3://bucket/x")


def test_no_credential_is_in_any_message_log_or_traceback(user_without_rights, caplog, s3, tmp_path):
    caplog.set_level(logging.INFO)
    with pytest.raises(ConfigError) as raised:
        download("s3://bucket/x", tmp_path / "x")
    tell(s3, "/moto-api/reset-auth", b"inf")
    s3.disturb("GET /bucket/x", "flip", times=1)
    download("s3://bucket/x", tmp_path / "x")
    said = caplog.text + str(raised.value) + "".join(map(repr, (raised.value.__cause__, raised.getrepr(chain=True))))
    assert "attempt 1 of 3" in said
    for secret in (user_without_rights["SecretAccessKey"], user_without_rights["AccessKeyId"], KEY_ID, SECRET):
        assert secret not in said


@pytest.mark.parametrize("endpoint", ["nonsense", "http://"])
def test_an_endpoint_that_is_none_is_a_wrong_setting(s3, monkeypatch, endpoint):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL"):
        list_objects("s3://bucket/x")


def test_an_unreachable_endpoint_is_said(s3, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:password@127.0.0.1:9")
    with pytest.raises(ConnectionError, match="is AWS_ENDPOINT_URL right") as raised:
        list_objects("s3://bucket/x")
    assert "password" not in str(raised.value)


def test_a_profile_that_is_not_there_is_a_wrong_setting(s3, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nightly")
    with pytest.raises(ConfigError, match="AWS settings are wrong .ProfileNotFound"):
        list_objects("s3://bucket/x")
