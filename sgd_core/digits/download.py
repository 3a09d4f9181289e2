"""Fetch a data set's files: checked on the way, and in place only when they are whole."""

from __future__ import annotations

import gzip
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO
from uuid import uuid4

from sgd_core.digits.fetching import NotFetchedError, Progress, fetch, reason
from sgd_core.digits.sources import Source, find_source
from sgd_core.digits.storage import archives, available, is_whole, public_addresses, raw_files, raw_folder

STALE_SECONDS = 600.0  # a download in progress writes all the time; a part left alone for this long is a crash's
SLACK_MEGABYTES = 5  # over what a data set's download takes, which its row states in round numbers
_CHUNK = 2**16


class DownloadError(Exception):
    """A data set could not be fetched; the message is one sentence for the person who asked, with what to do."""


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch the data set `name` into `data_folder()`; what is there already in full is not fetched again.

    Addresses and MD5 sums are torchvision's. `SGD_LAB_MIRROR` (an http, https or file address, or a folder) replaces
    the addresses: the file is looked for in its subfolder named after the data set ("MNIST"), then in it directly.

    `progress(done, total, file name)` is called with the bytes of the present file, total None if unknown; whatever it
    raises cancels the download and comes through. Raises ValueError for an unknown data set, DownloadError for any
    failure. Files appear under their names only when whole and checked, and temporary ones are removed.
    """
    source = find_source(name)
    if available(name):
        return
    folder = raw_folder(source)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    for archive, md5 in archives(source):
        file_name = archive.rsplit("/", 1)[-1]
        targets = raw_files(source) if file_name.endswith(".zip") else [folder / Path(file_name).stem]
        if all(is_whole(target) for target in targets):
            continue
        with _part(folder, file_name) as part:
            _fetch_from_any(_addresses(source, archive), part, file_name, md5, source, progress)
            _unpack(part, targets)
    if not available(name):
        raise DownloadError(f"{source.title} was fetched, but its files in {folder} are not whole; download it again.")


def _addresses(source: Source, archive: str) -> list[str]:
    """Where to look for a file, in this order."""
    file_name = archive.rsplit("/", 1)[-1]
    mirror = os.path.expanduser(os.environ.get("SGD_LAB_MIRROR", "")).rstrip("/")  # noqa: PTH111  # an address, too
    if mirror:
        return [f"{mirror}/{source.torchvision}/{file_name}", f"{mirror}/{file_name}"]
    return public_addresses(source, archive)


def _fetch_from_any(
    addresses: list[str], part: Path, file_name: str, md5: str, source: Source, progress: Progress | None
) -> None:
    failures: list[NotFetchedError] = []
    limit = (source.download_megabytes + SLACK_MEGABYTES) * 1_000_000
    for address in addresses:
        try:
            with _opened(part) as write:
                return fetch(address, write, name=file_name, md5=md5, limit=limit, progress=progress)
        except NotFetchedError as failure:
            failures.append(failure)
    telling = next((failure for failure in failures if not failure.missing), failures[0])
    raise DownloadError(
        f"Could not download {file_name}: {telling}; no half file was kept, so try again, "
        "or set SGD_LAB_MIRROR to another place that has the files."
    ) from telling


@contextmanager
def _opened(part: Path) -> Iterator[Callable[[bytes], None]]:
    """What writes into the part; only its own failures become a DownloadError."""
    with _writing(part.parent):
        file = part.open("wb")

    def write(piece: bytes) -> None:
        with _writing(part.parent):
            file.write(piece)

    try:
        yield write
        with _writing(part.parent):
            file.flush()
    finally:
        with suppress(OSError):  # what could not be written has been said already
            file.close()


def _unpack(archive: Path, targets: list[Path]) -> None:
    """Unpack a checked archive: a gzip file into its one target, a zip of gzip files into several."""
    with _writing(archive.parent):
        if not zipfile.is_zipfile(archive):
            with gzip.open(archive) as unpacked:
                _place(unpacked, targets[0])
            return
        with zipfile.ZipFile(archive) as bundle:
            for target in targets:
                with bundle.open(f"gzip/{target.name}.gz") as packed, gzip.open(packed) as unpacked:
                    _place(unpacked, target)


def _place(unpacked: IO[bytes] | gzip.GzipFile, target: Path) -> None:
    with _part(target.parent, target.name) as part:
        with part.open("wb") as file:
            shutil.copyfileobj(unpacked, file, _CHUNK)
            _to_disk(file)
        part.replace(target)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())  # or a power cut could leave the name without the contents


@contextmanager
def _part(folder: Path, name: str) -> Iterator[Path]:
    """A temporary path that no other download uses; whatever is there in the end is removed."""
    part = folder / f"{name}.{uuid4().hex}.part"
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn a failure to write in `folder` into a sentence."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: no file system has such a name
        raise DownloadError(
            f"The folder {folder} cannot be written ({reason(error)}); "
            "make room or set SGD_LAB_DATA to a folder that can be written."
        ) from error


def _sweep(folder: Path) -> None:
    """Remove what a crash left behind, but not what another process is just writing."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE_SECONDS:
                part.unlink()
