"""Every row of the table of data sets: made small in its own format, downloaded, read, and read by the exported script."""

import gzip
import hashlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import sgd_core
from sgd_core.digits import storage
from sgd_core.digits.download import download
from sgd_core.digits.drawing import prepared
from sgd_core.digits.sources import SOURCES, Source

DOWNLOADED = [source for source in SOURCES.values() if source.torchvision]


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda s: s.key)
def test_a_row_says_everything_that_pages_ask_for(source: Source) -> None:
    assert SOURCES[source.key] is source and source.key.isidentifier()
    assert len(source.class_names) == len(set(source.class_names)) == 10
    assert all((source.title, source.one, source.origin)) and source.about.endswith(".")
    assert (source.download_megabytes > 0) == (source.torchvision is not None)
    assert len({other.title for other in SOURCES.values()}) == len(SOURCES)


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda s: s.key)
def test_a_drawing_becomes_an_image_of_it(source: Source) -> None:
    ink = np.zeros((200, 200), dtype=np.float32)
    ink[20:180, 90:110] = 1
    image = prepared(ink, source.key)
    assert image is not None and image.shape == source.image_shape
    np.testing.assert_array_equal(np.rint(image * source.largest), (image * source.largest).round(4))


def idx(array: np.ndarray) -> bytes:
    """An array in the format of Yann LeCun's files: two zeros, type, axes, big-endian sizes, big-endian numbers."""
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def files_of(source: Source, halves: list[tuple[np.ndarray, np.ndarray]]) -> list[bytes]:
    """The four unpacked files as this data set's authors write them."""
    contents = []
    for images, labels in halves:
        stored = np.ascontiguousarray(images.transpose(0, 2, 1)) if source.transposed else images
        contents.append(idx(stored))
        numbers = np.stack([labels, *[labels * 0 + 9] * 7], 1).astype(np.int32) if source.label_columns else labels
        contents.append(idx(numbers))
    return contents


@pytest.mark.parametrize("source", DOWNLOADED, ids=lambda s: s.key)
def test_it_is_downloaded_and_read_by_the_app_and_by_a_script(source: Source, tmp_path, monkeypatch) -> None:
    from sgd_core.export.training import training_script

    rng = np.random.default_rng(2)
    halves = [
        (rng.integers(0, 256, (count, *source.image_shape), dtype=np.uint8), (np.arange(count) % 10).astype(np.uint8))
        for count in (200, 50)
    ]
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path / "data"))
    mirror = tmp_path / "a mirror"
    mirror.mkdir()
    monkeypatch.setenv("SGD_LAB_MIRROR", str(mirror))
    names = [path.name for path in storage.raw_files(source)]
    packed = {name: gzip.compress(content) for name, content in zip(names, files_of(source, halves), strict=True)}
    dataset = storage.dataset_class(source)
    if source.zipped:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as bundle:
            for name, content in packed.items():
                bundle.writestr(f"gzip/{name}.gz", content)
        (mirror / "gzip.zip").write_bytes(archive.getvalue())
        monkeypatch.setattr(dataset, "md5", hashlib.md5(archive.getvalue()).hexdigest())
    else:
        sums = {f"{name}.gz": hashlib.md5(content).hexdigest() for name, content in packed.items()}
        for name, content in packed.items():
            (mirror / f"{name}.gz").write_bytes(content)
        with_sums = [(address, sums[address.rsplit("/", 1)[-1]]) for address, _ in storage.archives(source)]
        if isinstance(dataset.resources, dict):
            halves_of = {"train": with_sums[:2], "test": with_sums[2:]}
            monkeypatch.setattr(dataset, "resources", dataset.resources | halves_of)
        else:
            monkeypatch.setattr(dataset, "resources", with_sums)

    download(source.key)
    config = sgd_core.TrainConfig(dataset=source.key, classes=(3, 7), epochs=2, batch_size=16, lr=0.1)
    digits = sgd_core.load_digits(source.key, (3, 7))
    (images, labels), _ = halves
    wanted = np.concatenate([images[labels == 3], images[labels == 7]]) / np.float32(255)
    np.testing.assert_array_equal(digits.train_images.numpy(), wanted.astype(np.float32))
    shown = [
        [s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in sgd_core.train(replace(config, seed=1), digits)
    ]
    script = training_script(replace(config, seed=1))
    for folder in (tmp_path / "data", tmp_path / "another"):  # what the app has fetched; what the script fetches itself
        monkeypatch.setenv("SGD_LAB_DATA", str(folder))
        printed = [[float(part) for part in line.split()] for line in executed(script)]
        np.testing.assert_allclose(printed, shown, rtol=1e-6, atol=1e-6)
    for one in sorted((tmp_path / "data").rglob("*ubyte")):
        assert one.read_bytes() == (tmp_path / "another" / one.relative_to(tmp_path / "data")).read_bytes()


def executed(script: str) -> list[str]:
    """What a script prints."""
    import contextlib

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(script, "script.py", "exec"), {"__name__": "__main__"})
    return out.getvalue().splitlines()
