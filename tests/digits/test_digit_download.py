"""Downloads through a loopback mirror: whole and checked, or a sentence and nothing left behind."""

import gzip
import hashlib
import io
import os
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from sgd_core.digits import storage
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.download import STALE_SECONDS, DownloadError, download
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available, raw_folder


def idx(array, kind=8):
    head = bytes([0, 0, kind, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def halves():
    """Small images and labels, training and test: noise, so that packing does not make them tiny."""
    rng = np.random.default_rng(1)
    for count in (400, 100):
        yield rng.integers(0, 256, (count, 28, 28), dtype=np.uint8), (np.arange(count) % 10).astype(np.uint8)


@pytest.fixture
def small_mnist(monkeypatch):
    """The files of a small MNIST, packed; torchvision's MD5 sums replaced by theirs for the test."""
    dataset = storage.dataset_class(SOURCES["mnist"])
    contents = [gzip.compress(idx(array)) for half in halves() for array in half]
    names = [name for name, _ in dataset.resources]
    files = dict(zip(names, contents, strict=True))
    monkeypatch.setattr(dataset, "resources", [(n, hashlib.md5(c).hexdigest()) for n, c in files.items()])
    return files


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    monkeypatch.setenv("SGD_LAB_DATA", str(folder))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def mirror(monkeypatch):
    """A loopback server: `serve(files, cut=..., status=...)` -> list of the paths asked for."""
    servers = []

    def serve(files, *, cut=None, status=200, prefix="/"):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                body = files.get(self.path.removeprefix(prefix))
                if body is None or status != 200:
                    self.send_error(404 if body is None else status)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:cut])

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("SGD_LAB_MIRROR", f"http://127.0.0.1:{server.server_port}")
        return asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def left_behind(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("prefix", ["/MNIST/", "/"])
def test_a_good_mirror_gives_the_data_set_and_tells_of_its_progress(small_mnist, data_folder, mirror, prefix):
    asked = mirror(small_mnist, prefix=prefix)
    told = []
    download("mnist", progress=lambda *news: told.append(news))
    assert available("mnist")
    (train, labels), _ = halves()
    digits = load_digits("mnist", classes=None)
    assert len(digits.train_images) == 400
    np.testing.assert_allclose(digits.train_images.numpy()[0], train[labels == 0][0] / 255, rtol=1e-6)
    assert sorted(path.name for path in left_behind(data_folder)) == sorted(n.removesuffix(".gz") for n in small_mnist)
    for name, body in small_mnist.items():
        done = [news[0] for news in told if news[2] == name]
        assert done == sorted(done) and done[-1] == len(body)
        assert {news[1] for news in told if news[2] == name} == {len(body)}
    requests = len(asked)
    download("mnist")
    assert len(asked) == requests  # what is there is not fetched again


def test_a_folder_and_a_file_address_are_mirrors_too(small_mnist, data_folder, tmp_path, monkeypatch):
    place = tmp_path / "a mirror with spaces" / "MNIST"
    place.mkdir(parents=True)
    for name, body in small_mnist.items():
        (place / name).write_bytes(body)
    for address in (str(place), str(place.parent), place.as_uri(), place.parent.as_uri() + "/"):
        monkeypatch.setenv("SGD_LAB_MIRROR", address)
        download("mnist")
        assert available("mnist")
        for path in left_behind(data_folder):
            path.unlink()


TRAIN_IMAGES = "train-images-idx3-ubyte.gz"


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ({"cut": 1000}, "cut off after 1,000 of"),
        ({"cut": 0}, "cut off after 0 of"),
        ({"status": 500}, "answers 500"),
        ({"prefix": "/elsewhere/"}, "answers 404"),
    ],
    ids=str,
)
def test_a_broken_mirror_leaves_nothing_and_says_what_happened(small_mnist, data_folder, mirror, trouble, says):
    mirror(small_mnist, **trouble)
    with pytest.raises(DownloadError, match=says) as caught:
        download("mnist")
    assert "SGD_LAB_MIRROR" in str(caught.value) and "try again" in str(caught.value)
    assert left_behind(data_folder) == [] and not available("mnist")


def test_a_wrong_checksum_is_refused_and_a_later_try_mends_it(small_mnist, data_folder, mirror):
    mirror(small_mnist | {"t10k-images-idx3-ubyte.gz": small_mnist[TRAIN_IMAGES]})
    with pytest.raises(DownloadError, match="wrong checksum"):
        download("mnist")
    assert not available("mnist")
    assert {path.suffix for path in left_behind(data_folder)} == {""}  # the good files stay, no part does
    asked = mirror(small_mnist)
    download("mnist")
    assert available("mnist") and not any(TRAIN_IMAGES in path for path in asked)


def test_no_connection(small_mnist, data_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="no connection to"):
        download("mnist")


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "http://[", "gopher:x", "/no/such/folder"])
def test_a_mirror_that_is_none(small_mnist, data_folder, monkeypatch, address):
    monkeypatch.setenv("SGD_LAB_MIRROR", address)
    with pytest.raises(DownloadError, match=r"SGD_LAB_MIRROR .*\.$"):
        download("mnist")
    assert left_behind(data_folder) == []


def test_a_data_folder_that_cannot_be_written(small_mnist, data_folder, mirror):
    mirror(small_mnist)
    data_folder.write_text("a file, where a folder should be")  # permissions would not stop root
    with pytest.raises(DownloadError, match="cannot be written") as caught:
        download("mnist")
    assert str(data_folder) in str(caught.value) and "SGD_LAB_DATA" in str(caught.value)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError, RuntimeError])
def test_whatever_progress_raises_cancels_and_comes_through(small_mnist, data_folder, mirror, kind):
    mirror(small_mnist)

    def cancel(done, total, name):
        raise kind("enough")

    with pytest.raises(kind, match="enough"):
        download("mnist", progress=cancel)
    assert left_behind(data_folder) == []


def test_two_downloads_at_once_do_not_disturb_each_other(small_mnist, data_folder, mirror):
    mirror(small_mnist)
    errors = []

    def fetch():
        try:
            download("mnist")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and available("mnist")
    assert {path.suffix for path in left_behind(data_folder)} == {""}


def test_the_rubbish_of_a_crash_goes_but_not_what_is_being_written(small_mnist, data_folder, mirror):
    mirror(small_mnist)
    folder = raw_folder(SOURCES["mnist"])
    folder.mkdir(parents=True)
    old, new = folder / "x.1.part", folder / "x.2.part"
    for path in (old, new):
        path.write_bytes(b"half")
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    download("mnist")
    assert not old.exists() and new.exists()


def test_emnist_comes_out_of_its_archive(data_folder, mirror, monkeypatch):
    packed = io.BytesIO()
    parts = zip(["train", "test"], halves(), strict=True)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gzip/emnist-letters-train-labels-idx1-ubyte.gz", b"not wanted")
        for half, (images, labels) in parts:
            turned = np.ascontiguousarray(images.transpose(0, 2, 1))
            archive.writestr(f"gzip/emnist-digits-{half}-images-idx3-ubyte.gz", gzip.compress(idx(turned)))
            archive.writestr(f"gzip/emnist-digits-{half}-labels-idx1-ubyte.gz", gzip.compress(idx(labels)))
    dataset = storage.dataset_class(SOURCES["emnist_digits"])
    monkeypatch.setattr(dataset, "md5", hashlib.md5(packed.getvalue()).hexdigest())
    mirror({"gzip.zip": packed.getvalue()}, prefix="/EMNIST/")
    download("emnist_digits")
    (images, labels), _ = halves()
    digits = load_digits("emnist_digits", classes=(1, 2))
    np.testing.assert_allclose(digits.train_images.numpy()[0], images[labels == 1][0] / 255, rtol=1e-6)
    assert len(left_behind(data_folder)) == 4


def test_qmnist_brings_its_own_addresses(data_folder, mirror, monkeypatch):
    dataset = storage.dataset_class(SOURCES["qmnist"])
    files, resources = {}, {}
    for half, (images, labels) in zip(("train", "test"), halves(), strict=True):
        columns = np.stack([labels] + [labels * 0] * 7, 1).astype(np.int32)
        resources[half] = []
        for (address, _), body in zip(dataset.resources[half], (idx(images), idx(columns, kind=12)), strict=True):
            content = gzip.compress(body)
            files[address.rsplit("/", 1)[-1]] = content
            resources[half].append((address, hashlib.md5(content).hexdigest()))
    monkeypatch.setattr(dataset, "resources", dataset.resources | resources)
    mirror(files)
    download("qmnist")
    assert len(load_digits("qmnist", classes=None).valid_labels) == 100


def test_without_a_mirror_the_addresses_are_torchvisions(monkeypatch):
    from sgd_core.digits.download import _addresses

    monkeypatch.delenv("SGD_LAB_MIRROR", raising=False)
    for name, source in SOURCES.items():
        for archive, md5 in storage.archives(source) if source.torchvision else []:
            addresses = _addresses(source, archive)
            assert all(address.startswith("http") and address.endswith((".gz", ".zip")) for address in addresses), name
            assert len(md5) == 32


def test_what_needs_no_download_and_what_does_not_exist(data_folder):
    download("uci")
    assert not data_folder.exists()
    with pytest.raises(ValueError, match="no data set"):
        download("mnits")


@pytest.mark.mnist
def test_the_real_mirror_gives_the_real_mnist(mnist_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    digits = load_digits("mnist", classes=None)
    assert (len(digits.train_labels), len(digits.valid_labels)) == (60_000, 10_000)
