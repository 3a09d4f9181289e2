"""Data sets in memory, and what a classifier must beat."""

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits as sklearn_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestCentroid

from sgd_core.digits.baselines import mean_images, pixel_similarity
from sgd_core.digits.datasets import DatasetMissing, load_digits, stratified_split
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available, data_folder, raw_files, raw_folder, read_idx
from sgd_core.digits.torchvision_cpu import torchvision_datasets


def test_uci_holds_scikit_learns_images_split_by_class():
    digits = load_digits("uci", classes=None)
    bunch = sklearn_digits()
    images = torch.cat([digits.train_images, digits.valid_images]).flatten(1)
    labels = torch.cat([digits.train_labels, digits.valid_labels])
    ours = sorted(zip((images * 16).tolist(), labels.tolist(), strict=True))
    assert ours == sorted(zip(bunch.data.tolist(), bunch.target.tolist(), strict=True))
    assert len(digits.valid_labels) == 360
    share = torch.bincount(digits.valid_labels).numpy() / np.bincount(bunch.target)
    assert np.abs(share - 0.2).max() < 0.005
    assert digits.train_images.dtype == torch.float32 and digits.train_labels.dtype == torch.int64
    assert digits.train_images.min() == 0 and digits.train_images.max() == 1
    assert digits.image_shape == (8, 8) and digits.classes == tuple(range(10))


def test_labels_are_indices_into_the_classes_as_given():
    digits, turned = load_digits("uci", classes=(7, 3)), load_digits("uci")
    assert turned.classes == (3, 7) and digits.classes == (7, 3) and digits.class_names == ("7", "3")
    assert torch.equal(digits.valid_images, turned.valid_images)
    assert torch.equal(digits.valid_labels, 1 - turned.valid_labels)
    assert (digits.train_labels.diff() >= 0).all()  # class after class


@pytest.mark.parametrize(
    ("name", "classes", "says"),
    [("mnits", (3, 7), "no data set"), ("uci", (3, 3), "twice"), ("uci", (3,), "at least two"), ("uci", (3, 11), "11")],
)
def test_bad_requests_get_a_sentence(name, classes, says):
    with pytest.raises(ValueError, match=says):
        load_digits(name, classes=classes)


def test_a_data_set_that_is_not_there_is_named_and_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path / "none"))
    for name in SOURCES:
        assert available(name) == (name == "uci")
    with pytest.raises(DatasetMissing, match="MNIST") as caught:
        load_digits("mnist")
    assert caught.value.name == "mnist"
    assert not (tmp_path / "none").exists()


def test_the_data_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("SGD_LAB_DATA")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert str(data_folder()) == "/somewhere/sgd-lab"


def write_idx(path, array):
    """Write an idx file as the MNIST family has it (big-endian)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(array.dtype.newbyteorder(">")).tobytes())


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "emnist_digits", "qmnist"])
def test_each_family_member_is_read_as_torchvision_stores_it(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    halves = []
    files = raw_files(SOURCES[name])
    for i, count in enumerate((40, 20)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        stored = images.transpose(0, 2, 1) if name == "emnist_digits" else images
        write_idx(files[2 * i], np.ascontiguousarray(stored))
        if name == "qmnist":
            write_idx(files[2 * i + 1], np.stack([labels] + [labels * 0] * 7, 1).astype(np.int32))
        else:
            write_idx(files[2 * i + 1], labels)
        halves.append((images, labels))
    assert available(name)
    digits = load_digits(name, classes=(3, 7))
    (train, train_labels), (valid, valid_labels) = halves
    wanted = np.concatenate([train[train_labels == 3], train[train_labels == 7]]) / 255
    np.testing.assert_allclose(digits.train_images.numpy(), wanted, rtol=1e-6)
    assert digits.train_labels.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_allclose(digits.valid_images.numpy(), valid[np.isin(valid_labels, (3, 7))] / 255, rtol=1e-6)
    assert digits.valid_labels.tolist() == [0, 1, 0, 1]
    assert len(digits.class_names) == 2


def test_a_file_that_was_cut_off_counts_as_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path))
    for path in raw_files(SOURCES["kmnist"]):
        write_idx(path, np.zeros((4, 28, 28) if "images" in path.name else 4, dtype=np.uint8))
    assert available("kmnist")
    file = raw_folder(SOURCES["kmnist"]) / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    assert not available("kmnist")
    with pytest.raises(DatasetMissing):
        load_digits("kmnist")
    file.write_bytes(b"")
    assert not available("kmnist")


def test_torchvision_is_imported_only_when_needed():
    code = "import sys, sgd_core.digits.datasets as d; d.load_digits('uci'); sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


WITH_LIBRARY = """
import torch
library = torch.library.Library("torchvision", "DEF")  # as its compiled operations declare it
library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
WITHOUT = """
import torch
@torch.library.register_fake("torchvision::nms")  # dies where nobody has declared it
def describe(dets, scores, iou_threshold): return dets
"""


@pytest.mark.parametrize("library", [WITH_LIBRARY, WITHOUT], ids=["with its library", "beside a CPU build"])
def test_torchvision_is_imported_with_its_library_and_without(library, tmp_path):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(library)
    (package / "datasets.py").write_text("here = True")
    code = "from sgd_core.digits.torchvision_cpu import torchvision_datasets as t; assert t().here and t() is t()"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_")  # border pixels are always blank
@pytest.mark.parametrize("classes", [(3, 7), None])
def test_pixel_similarity_is_scikit_learns_nearest_centroid(classes):
    digits = load_digits("uci", classes=classes)
    x, y = digits.train_images.flatten(1).numpy(), digits.train_labels.numpy()
    valid, truth = digits.valid_images.flatten(1).numpy(), digits.valid_labels.numpy()
    nearest = NearestCentroid().fit(x, y)
    np.testing.assert_allclose(mean_images(digits).flatten(1).numpy(), nearest.centroids_, rtol=1e-5, atol=1e-6)
    assert pixel_similarity(digits, "l2") == pytest.approx(nearest.score(valid, truth), abs=1e-12)
    by_hand = np.abs(valid[:, None] - nearest.centroids_).mean(2).argmin(1)
    assert pixel_similarity(digits) == pytest.approx((by_hand == truth).mean(), abs=1e-12)
    with pytest.raises(ValueError, match="l1, l2"):
        pixel_similarity(digits, "l3")


@pytest.mark.mnist
def test_mnist_is_the_books_data_and_gives_its_numbers(mnist):
    assert torch.bincount(mnist.train_labels).tolist() == [6131, 6265]
    assert torch.bincount(mnist.valid_labels).tolist() == [1010, 1028]
    assert (mnist.train_images == 0).all(0).sum() == 144
    assert pixel_similarity(mnist, "l2") == pytest.approx(0.9661, abs=5e-5)
    # 1,939 of 2,038. The book averages the accuracies of the two classes, 0.9168 and 0.9854, and so prints 0.9511.
    assert pixel_similarity(mnist) == 1939 / 2038
    means, valid = mean_images(mnist), mnist.valid_images
    right = torch.stack([(valid - mean).abs().mean((1, 2)) for mean in means]).argmin(0) == mnist.valid_labels
    by_class = [right[mnist.valid_labels == i].double().mean().item() for i in (0, 1)]
    assert sum(by_class) / 2 == pytest.approx(0.9511, abs=5e-5)


@pytest.mark.mnist
def test_the_mirrors_files_are_what_was_read(mnist_folder):
    mirror = Path(os.environ["SGD_LAB_MIRROR"].removeprefix("file://"))
    if not mirror.is_dir():
        pytest.skip("the mirror is no folder of this machine")
    packed = next(mirror.rglob("t10k-labels-idx1-ubyte.gz"))
    placed = mnist_folder / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    assert placed.read_bytes() == gzip.decompress(packed.read_bytes())


def test_the_page_reads_the_bundled_digits_without_scikit_learns_import():
    code = "import sys, sgd_core.digits.datasets as d; d.load_digits('uci'); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


@pytest.mark.parametrize("seed", [0, 1, 12])
@pytest.mark.parametrize("share", [0.2, 0.25, 0.5])
def test_the_split_is_scikit_learns_to_the_last_place(seed, share):
    target = sklearn_digits().target
    for labels in (target, target[:300], np.repeat(np.arange(10), 13)):  # in the last, all remainders are equal
        places = np.arange(len(labels))
        wanted = train_test_split(places, test_size=share, stratify=labels, random_state=seed)
        for ours, theirs in zip(stratified_split(labels, share, seed), wanted, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", ["uint8", "int32"])
def test_an_idx_file_is_read_as_torchvision_reads_it(kind, tmp_path):
    torchvision_datasets()  # made importable beside a CPU build
    from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

    array = np.random.default_rng(3).integers(0, 200, (7, 3, 5)).astype(kind)
    write_idx(tmp_path / "file", array)
    wanted = read_sn3_pascalvincent_tensor(str(tmp_path / "file"))
    np.testing.assert_array_equal(read_idx(tmp_path / "file"), wanted.numpy())
    (tmp_path / "text").write_text("not an idx file")
    with pytest.raises(ValueError, match="idx"):
        read_idx(tmp_path / "text")
