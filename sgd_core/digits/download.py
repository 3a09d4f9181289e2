"""Fetch a data set's files: checked on the way, and in place only when they are whole."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import IO, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, url2pathname, urlopen
from uuid import uuid4

from sgd_core.digits.sources import Source, find_source
from sgd_core.digits.storage import archives, available, is_whole, public_addresses, raw_files, raw_folder

Progress = Callable[[int, int | None, str], None]

TIMEOUT_SECONDS = 20.0  # for each wait on the network, not for the whole download
STALE_SECONDS = 600.0  # a download in progress writes all the time; a part left alone for this long is a crash's
_CHUNK = 2**16


class DownloadError(Exception):
    """A data set could not be fetched; the message is one sentence for the person who asked, with what to do."""


class _NotFetchedError(Exception):
    """One address did not give the file; `missing` if it does not even know it."""

    def __init__(self, why: str, *, missing: bool = False) -> None:
        self.missing = missing
        super().__init__(why)


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
            _fetch_from_any(_addresses(source, archive), part, file_name, md5, progress)
            _unpack(part, targets)
    if not available(name):
        raise DownloadError(f"{source.title} was fetched, but its files in {folder} are not whole; download it again.")


def _addresses(source: Source, archive: str) -> list[str]:
    """Where to look for a file, in this order."""
    file_name = archive.rsplit("/", 1)[-1]
    mirror = os.environ.get("SGD_LAB_MIRROR")
    if mirror:
        return [f"{mirror.rstrip('/')}/{source.torchvision}/{file_name}", f"{mirror.rstrip('/')}/{file_name}"]
    return public_addresses(source, archive)


def _fetch_from_any(addresses: list[str], part: Path, file_name: str, md5: str, progress: Progress | None) -> None:
    failures: list[_NotFetchedError] = []
    for address in addresses:
        try:
            return _fetch(address, part, file_name, md5, progress)
        except _NotFetchedError as failure:
            failures.append(failure)
    telling = next((failure for failure in failures if not failure.missing), failures[0])
    raise DownloadError(
        f"Could not download {file_name}: {telling}; no half file was kept, so try again, "
        "or set SGD_LAB_MIRROR to another place that has the files."
    ) from telling


def _fetch(address: str, part: Path, file_name: str, md5: str, progress: Progress | None) -> None:
    """Stream one address into `part`; _NotFetchedError unless all of it came and its MD5 sum is right."""
    done, checksum = 0, hashlib.md5(usedforsecurity=False)
    with _open(address) as (stream, total), _opened(part) as file:
        while chunk := _read(stream, address):
            with _writing(part.parent):
                file.write(chunk)
            checksum.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total, file_name)
        with _writing(part.parent):
            file.flush()
    if total is not None and done < total:
        raise _NotFetchedError(f"the connection to {address} was cut off after {done:,} of {total:,} bytes")
    if checksum.hexdigest() != md5:
        raise _NotFetchedError(f"what {address} sent has the wrong checksum, so it is damaged or another file")


def _opened(part: Path) -> BinaryIO:
    with _writing(part.parent):
        return part.open("wb")


def _read(stream: IO[bytes], address: str) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _NotFetchedError(f"the connection to {address} was cut off ({_reason(error)})") from error


@contextmanager
def _open(address: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The bytes at an address and how many there are, if known."""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = "unreadable"
    if scheme in ("http", "https"):
        request = Request(address, headers={"User-Agent": "sgd-lab"})  # some mirrors turn Python's own name away
        try:
            response = urlopen(request, timeout=TIMEOUT_SECONDS)
        except HTTPError as error:
            error.close()
            raise _NotFetchedError(
                f"{address} answers {error.code} {error.reason}", missing=error.code == 404
            ) from error
        except (URLError, OSError, HTTPException, ValueError) as error:
            raise _NotFetchedError(f"there is no connection to {address} ({_reason(error)})") from error
        with response:
            length = response.headers.get("Content-Length") or ""
            yield response, int(length) if length.isdecimal() else None
        return
    if scheme == "file":
        path = Path(url2pathname(urlsplit(address).path))
    elif len(scheme) <= 1:  # a plain path; a single letter is a Windows drive
        path = Path(address).expanduser()
    else:
        raise _NotFetchedError(f"{address} is no http, https or file address")
    try:
        file = path.open("rb")
    except OSError as error:
        raise _NotFetchedError(f"{path} cannot be read ({_reason(error)})", missing=not path.exists()) from error
    with file:
        yield file, path.stat().st_size


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
    except OSError as error:
        raise DownloadError(
            f"The folder {folder} cannot be written ({_reason(error)}); "
            "make room or set SGD_LAB_DATA to a folder that can be written."
        ) from error


def _sweep(folder: Path) -> None:
    """Remove what a crash left behind, but not what another process is just writing."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE_SECONDS:
                part.unlink()


def _reason(error: BaseException) -> str:
    if isinstance(error, URLError) and isinstance(error.reason, BaseException):
        return _reason(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
