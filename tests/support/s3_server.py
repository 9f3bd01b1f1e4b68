"""An S3-speaking server (moto) on loopback, behind a proxy that can disturb its answers (a pytest plugin)."""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

KEY_ID, SECRET = "AKIATESTSTESTSTESTS1", "wJalr-very-secret-bPxRfiCY-of-the-tests"
_HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}
_BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"

_SETTINGS = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
}
# Says where it listens, and serves until it is ended.
_SERVER = """
from moto.server import ThreadedMotoServer
import threading
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("%s:%s" % server.get_host_and_port(), flush=True)
threading.Event().wait()
"""


class Proxy(ThreadingHTTPServer):
    """Hands requests on to the server at ``behind`` (host, port) and notes them in ``seen``, as "GET /bucket/key"."""

    daemon_threads = True

    def __init__(self, behind: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.delay_sec = 0.0
        self._lock = threading.Lock()
        self.calm()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def calm(self) -> None:
        with self._lock:
            self.seen: Counter[str] = Counter()
            self._faults: list[list] = []
            self.delay_sec = 0.0

    def disturb(self, request: str, how: str, times: int = 1) -> None:
        """``how``: "cut" (half of the body), "flip" (one byte of it), "drop" (no answer), "busy" (503)."""
        self._faults.append([request, how, times])

    def note(self, request: str) -> str | None:
        """How this request is to be disturbed."""
        with self._lock:
            self.seen[request] += 1
            for fault in self._faults:
                if fault[0] == request and fault[2] > 0:
                    fault[2] -= 1
                    return fault[1]
        return None

    def handle_error(self, request, client_address) -> None:
        """Clients that hang up are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        fault = self.server.note(f"{self.command} {self.path.split('?')[0]}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault == "drop":
            self.close_connection = True
            return
        if fault == "busy":
            self._answer(503, {"Content-Type": "application/xml"}, b"" if self.command == "HEAD" else _BUSY)
            return
        time.sleep(self.server.delay_sec)
        behind = http.client.HTTPConnection(*self.server.behind, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        behind.request(self.command, self.path, body, headers)
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        if fault == "flip":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        self._answer(answer.status, dict(answer.getheaders()), content, cut=fault == "cut")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

    def _answer(self, status: int, headers: dict[str, str], content: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP | {"content-length"}:
                self.send_header(name, value)
        known = {name.lower(): value for name, value in headers.items()}.get("content-length")
        self.send_header("Content-Length", known if self.command == "HEAD" and known else str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def log_message(self, format, *arguments) -> None:
        """Not on the screen."""


@pytest.fixture(scope="session")
def s3_proxy():
    """The proxy; ``AWS_ENDPOINT_URL`` is not set yet."""
    # Imported here, so that tests without S3 do not pay for it.
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    proxy = Proxy(server.get_host_and_port())
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()
    server.stop()


@pytest.fixture
def s3(s3_proxy, tmp_path, monkeypatch):
    """The proxy, undisturbed, nothing stored but an empty ``bucket``, and an environment that leads there alone."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {**_SETTINGS, "AWS_ENDPOINT_URL": s3_proxy.url, "LITCOIN_BATCH_CACHE": str(tmp_path / "cache")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    s3_proxy.calm()
    tell(s3_proxy, "/moto-api/reset")
    tell(s3_proxy, "/bucket", method="PUT")
    s3_proxy.calm()
    return s3_proxy


@pytest.fixture
def bucket(s3, monkeypatch):
    """Put objects by ``bucket(key=content, ...)``; waits between attempts are cut short."""
    # Imported here, so that tests without S3 do not pay for it.
    boto3 = pytest.importorskip("boto3")
    objects = pytest.importorskip("litcoin_batch.warehouse.files.objects")
    monkeypatch.setattr(objects.time, "sleep", lambda seconds: None)
    client = boto3.client("s3")

    def put(contents, **more):
        for key, content in contents.items():
            client.put_object(Bucket="bucket", Key=key, Body=content, **more)

    return put


@pytest.fixture
def s3_process(monkeypatch):
    """A server in a process of its own, with an empty ``bucket``: some clients hold this process's interpreter while they wait."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    address = server.stdout.readline().strip()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**_SETTINGS, "AWS_ENDPOINT_URL": f"http://{address}"}.items():
        monkeypatch.setenv(name, value)
    host, _, port = address.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("PUT", "/bucket")
    assert connection.getresponse().status == 200
    connection.close()
    yield address
    server.terminate()
    server.wait()


def noise(n_bytes: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(n_bytes)


def tell(proxy: Proxy, path: str, content: bytes = b"", method: str = "POST") -> None:
    """Ask the server behind the proxy directly."""
    connection = http.client.HTTPConnection(*proxy.behind, timeout=60)
    connection.request(method, path, content)
    status = connection.getresponse().status
    connection.close()
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status}")
