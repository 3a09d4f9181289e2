"""Where downloaded data sets are kept, and whether their files are there in full."""

from __future__ import annotations

import os
import tempfile
from math import prod
from pathlib import Path
from typing import Any

import platformdirs

from sgd_core.digits.sources import Source, find_source
from sgd_core.digits.torchvision_cpu import torchvision_datasets

_BYTES_PER_VALUE = {8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8}  # the idx format's code of the element type


def data_folder() -> Path:
    """The folder of downloaded data sets: `SGD_LAB_DATA`, else "sgd-lab" in the user's cache folder.

    Read from the environment at each call; the folder need not exist, nor be usable. A user without a home folder gets
    one among the temporary files.
    """
    named = os.environ.get("SGD_LAB_DATA")
    if named:
        return Path(os.path.expanduser(named)).absolute()  # noqa: PTH111  # Path's own raises where there is no home
    try:
        return platformdirs.user_cache_path("sgd-lab", appauthor=False, opinion=False)
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "sgd-lab"


def available(name: str) -> bool:
    """Whether the data set `name` can be loaded now, without a download; ValueError if there is no such data set.

    Files that cannot be read are as good as missing.
    """
    source = find_source(name)
    if source.torchvision is None:
        return True
    try:
        if not raw_folder(source).is_dir():
            return False  # answered before torchvision is imported, which takes a second
    except (OSError, ValueError):  # no right to look, or no name that a file system takes
        return False
    return all(is_whole(path) for path in raw_files(source))


def raw_folder(source: Source) -> Path:
    """Where torchvision looks for the unpacked files of a downloaded data set."""
    return data_folder() / _torchvision(source) / "raw"


def raw_files(source: Source) -> list[Path]:
    """The unpacked files a data set consists of: images and labels of training and validation."""
    folder = raw_folder(source)
    if source.split is not None:
        halves = [f"emnist-{source.split}-{half}" for half in ("train", "test")]
        return [folder / f"{half}-{kind}-ubyte" for half in halves for kind in ("images-idx3", "labels-idx1")]
    return [folder / Path(name).stem for name, _ in archives(source)]


def archives(source: Source) -> list[tuple[str, str]]:
    """(file name or full address, MD5 sum) of everything a download of the data set fetches, as torchvision has it."""
    dataset = dataset_class(source)
    if source.split is not None:
        return [(dataset.url, dataset.md5)]
    resources = dataset.resources
    return [*resources["train"], *resources["test"]] if isinstance(resources, dict) else list(resources)


def public_addresses(source: Source, archive: str) -> list[str]:
    """The addresses on the internet of one of the `archives`, in the order in which to try them."""
    return [archive] if "://" in archive else [f"{mirror}{archive}" for mirror in dataset_class(source).mirrors]


def dataset_class(source: Source) -> Any:
    """The torchvision class that knows the data set's addresses, checksums and file format."""
    return getattr(torchvision_datasets(), _torchvision(source))


def open_dataset(source: Source, *, train: bool) -> Any:
    """The training or validation half as torchvision reads it (`.data`, `.targets`)."""
    options = {} if source.split is None else {"split": source.split}
    return dataset_class(source)(data_folder(), train=train, download=False, **options)


def _torchvision(source: Source) -> str:
    if source.torchvision is None:
        raise ValueError(f"{source.title} comes with the app and has no files of its own.")
    return source.torchvision


def is_whole(path: Path) -> bool:
    """Whether an idx file is as long as its header says: what was cut off is as good as missing."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
            lengths = [int.from_bytes(file.read(4), "big") for _ in range(head[3])]
    except (OSError, ValueError, IndexError):
        return False
    width = _BYTES_PER_VALUE.get(head[2])
    return width is not None and size == 4 + 4 * len(lengths) + width * prod(lengths)
