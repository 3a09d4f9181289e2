"""What may go wrong on the way of a download: each fault is a sentence, can be cancelled, and leaves nothing behind."""

import base64
import contextlib
import os
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_digit_download import data_folder, left_behind, small_mnist  # noqa: F401  # fixtures

from sgd_core.digits.datasets import DatasetMissing, load_digits
from sgd_core.digits.download import DownloadError, download
from sgd_core.digits.fetching import without_password
from sgd_core.digits.storage import available
from sgd_core.digits.storage import data_folder as folder_now

pytestmark = pytest.mark.usefixtures("small_mnist", "data_folder")


@pytest.fixture
def server(monkeypatch):
    """`serve(answer)` starts a loopback server whose `answer(handler)` is called for each GET; returns its address."""
    servers = []

    def serve(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    answer(self)

            def log_message(self, *args):
                pass

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        servers.append(made)
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("SGD_LAB_MIRROR", f"http://127.0.0.1:{made.server_port}")
        return made.server_port

    yield serve
    for made in servers:
        made.shutdown()
        made.server_close()


def begin(handler, length=None):
    handler.send_response(200)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()


def refused(says):
    with pytest.raises(DownloadError, match=says) as caught:
        download("mnist")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert left_behind(folder_now()) == [] and not available("mnist")
    return str(caught.value)


def test_a_trickle_of_bytes_can_be_cancelled_at_once(server):
    stop = threading.Event()

    def answer(handler):
        begin(handler, 10_000_000)
        while not stop.wait(0.02):
            handler.wfile.write(b"x")

    server(answer)
    seen = []

    def progress(done, total, name):
        seen.append((done, total))
        if len(seen) == 3:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        download("mnist", progress)
    stop.set()
    assert seen[-1][0] < 1000 and seen[-1][1] == 10_000_000
    assert left_behind(folder_now()) == []


def test_an_endless_stream_is_cut_at_what_the_data_set_has(server):
    sent = [0]

    def answer(handler):
        begin(handler)
        while sent[0] < 200_000_000:
            handler.wfile.write(bytes(100_000))
            sent[0] += 100_000

    server(answer)
    refused("far more than the file has")
    assert sent[0] < 60_000_000


def test_a_length_beyond_all_measure_is_refused_before_it_comes(server):
    server(lambda handler: begin(handler, 10**12))
    refused(r"announces 1,000,000,000,000 bytes")
    server(lambda handler: begin(handler, "9" * 5000))
    refused("wrong checksum")  # no length that anybody could mean


@pytest.mark.parametrize("prefix", ["/my mirror", "/Größe/数字", "/a%20b", "/x?key=ä b&file=", "/semi;colon"])
def test_a_path_with_spaces_and_umlauts_is_asked_for_as_it_is(small_mnist, server, monkeypatch, prefix):  # noqa: F811
    def answer(handler):
        path = unquote(handler.path)
        body = small_mnist.get(path.rsplit("/", 1)[-1])
        assert path.startswith(unquote(prefix)) and body is not None
        begin(handler, len(body))
        handler.wfile.write(body)

    port = server(answer)
    monkeypatch.setenv("SGD_LAB_MIRROR", f"http://127.0.0.1:{port}{prefix}")
    download("mnist")
    assert available("mnist")


@pytest.mark.parametrize("target", ["/again", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_redirects_that_lead_nowhere_are_a_sentence(server, target):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server(answer)
    refused("redirects in a circle, or to no http address|no connection to")


def test_a_redirect_to_the_file_is_followed_but_the_password_is_not_sent_on(small_mnist, server, monkeypatch):  # noqa: F811
    asked = []

    def give(handler):
        asked.append(("second", handler.headers.get("Authorization")))
        body = small_mnist[handler.path.rsplit("/", 1)[-1]]
        begin(handler, len(body))
        handler.wfile.write(body)

    second = server(give)

    def forward(handler):
        asked.append(("first", handler.headers.get("Authorization")))
        handler.send_response(302)
        handler.send_header("Location", f"http://127.0.0.1:{second}{handler.path}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    first = server(forward)
    monkeypatch.setenv("SGD_LAB_MIRROR", f"http://ann:s%40cret@127.0.0.1:{first}")
    download("mnist")
    token = "Basic " + base64.b64encode(b"ann:s@cret").decode()
    assert set(asked) == {("first", token), ("second", None)}


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_password_is_not_repeated(server, monkeypatch, status):
    port = server(lambda handler: handler.send_error(status))
    monkeypatch.setenv("SGD_LAB_MIRROR", f"http://ann:geheim@127.0.0.1:{port}/x")
    assert "geheim" not in refused(f"http://127.0.0.1:{port}/x/.* answers {status}")


@pytest.mark.parametrize(
    "address", ["ftp://ann:geheim@127.0.0.1", "http://ann:geheim@[", "http://ann:geheim@127.0.0.1:9"]
)
def test_nor_in_an_address_that_is_none(monkeypatch, address):
    monkeypatch.setenv("SGD_LAB_MIRROR", address)
    assert "geheim" not in refused("Could not download")
    assert without_password(address) == re.sub("ann:geheim@", "", address)


@pytest.mark.parametrize(
    "address", ["http://exa mple/", "http://\udcff/", "http://a:b/", "http://" + "a" * 70 + "ä.de"]
)
def test_a_host_that_cannot_be(monkeypatch, address):
    monkeypatch.setenv("SGD_LAB_MIRROR", address)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: (_ for _ in ()).throw(socket.gaierror(-2, "no")))
    refused("Could not download")


@pytest.mark.parametrize(
    "folder",
    ["/proc/none/such", "x" * 5000, "/tmp/" + "y" * 300, "~nobody-of-this-name/data"],
    ids=lambda text: text[:12],
)
def test_a_data_folder_that_cannot_be(folder, server, tmp_path, monkeypatch):
    server(lambda handler: handler.send_error(404))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SGD_LAB_DATA", folder)
    assert not available("mnist")
    with pytest.raises(DatasetMissing):
        load_digits("mnist")
    with pytest.raises(DownloadError, match=r"cannot be written|answers 404"):
        download("mnist")


def test_a_data_folder_without_the_right_to_look(monkeypatch):
    real = os.stat

    def stat(path, *args, **more):
        if "MNIST" in str(path):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **more)

    monkeypatch.setattr(os, "stat", stat)
    assert not available("mnist")
    with pytest.raises(DatasetMissing):
        load_digits("mnist")


def test_a_person_without_a_home_keeps_data_among_the_temporary_files(monkeypatch, tmp_path):
    import pwd
    import tempfile

    for name in ("SGD_LAB_DATA", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert folder_now() == tmp_path / "sgd-lab"
    assert not available("mnist")


def test_files_that_vanish_between_looking_and_reading_are_missing(monkeypatch):
    from sgd_core.digits import datasets

    monkeypatch.setattr(datasets, "available", lambda name: True)
    with pytest.raises(DatasetMissing):
        load_digits("mnist")


def test_a_full_disk_is_a_sentence(small_mnist, server, monkeypatch):  # noqa: F811
    def answer(handler):
        body = small_mnist[handler.path.rsplit("/", 1)[-1]]
        begin(handler, len(body))
        handler.wfile.write(body)

    server(answer)
    real = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, piece):
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

    monkeypatch.setattr(
        Path, "open", lambda path, *a, **m: Full(real(path, *a, **m)) if path.suffix == ".part" else real(path, *a, **m)
    )
    refused("no space left on device")
