"""Where downloaded data sets are kept, and whether their files are there in full."""

from __future__ import annotations

import os
import tempfile
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from sgd_core.digits.sources import Source, find_source
from sgd_core.digits.torchvision_cpu import torchvision_datasets

_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # the idx format's code of a value's type


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
    return all(is_whole(path) for path in raw_files(source))


def raw_folder(source: Source) -> Path:
    """The folder of the unpacked files of a downloaded data set: the one in which torchvision would look, too."""
    return data_folder() / _torchvision(source) / "raw"


def raw_files(source: Source) -> list[Path]:
    """The unpacked files a data set consists of: images and labels of training and validation."""
    folder = raw_folder(source)
    return [folder / name for name in source.files]


def archives(source: Source) -> list[tuple[str, str]]:
    """(file name or full address, MD5 sum) of everything a download of the data set fetches, as torchvision has it."""
    dataset = dataset_class(source)
    if source.zipped:
        return [(dataset.url, dataset.md5)]
    resources = dataset.resources
    return [*resources["train"], *resources["test"]] if isinstance(resources, dict) else list(resources)


def public_addresses(source: Source, archive: str) -> list[str]:
    """The addresses on the internet of one of the `archives`, in the order in which to try them."""
    return [archive] if "://" in archive else [f"{mirror}{archive}" for mirror in dataset_class(source).mirrors]


def dataset_class(source: Source) -> Any:
    """The torchvision class that knows the data set's addresses and checksums."""
    return getattr(torchvision_datasets(), _torchvision(source))


def _torchvision(source: Source) -> str:
    if source.torchvision is None:
        raise ValueError(f"{source.title} comes with the app and has no files of its own.")
    return source.torchvision


def read_idx(path: Path) -> NDArray[Any]:
    """Read an idx file, the format of MNIST's family; ValueError when it is cut off or no such file."""
    shape, kind, start = _idx_header(path)
    # Read here and not by torchvision, whose import takes a second.
    return np.fromfile(path, kind, prod(shape), offset=start).reshape(shape)


def is_whole(path: Path) -> bool:
    """Whether an idx file is as long as its header says: what was cut off is as good as missing."""
    try:
        shape, kind, start = _idx_header(path)
        return path.stat().st_size == start + np.dtype(kind).itemsize * prod(shape)
    except (OSError, ValueError):  # no right to look, no name that a file system takes, no idx file
        return False


def _idx_header(path: Path) -> tuple[tuple[int, ...], str, int]:
    """Return the shape of an idx file's array, the type of its values, and the place of the first of them."""
    with path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[2] not in _IDX_TYPES:
            raise ValueError(f"{path.name} is no idx file.")
        shape = tuple(int.from_bytes(file.read(4), "big") for _ in range(head[3]))
    return shape, _IDX_TYPES[head[2]], 4 + 4 * len(shape)
