"""Fetch one file from one address: in pieces, up to a known size, and with a sentence for every failure.

The standard library does it: pooch, tried for this, reads a stream without a limit, waits for whole pieces (so that a
trickle of bytes cannot be cancelled), and lets the errors of `requests` through.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from io import BufferedReader
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    url2pathname,
)

Progress = Callable[[int, int | None, str], None]
Write = Callable[[bytes], None]

TIMEOUT_SECONDS = 20.0  # for each wait on the network, not for the whole download
_CHUNK = 2**16
_UNQUOTED = "/%:=&?~#+!$,;'@()*[]"  # what an address may hold as it is; a % is taken for quoted already


class NotFetchedError(Exception):
    """One address did not give the file; `missing` if it does not even know it."""

    def __init__(self, why: str, *, missing: bool = False) -> None:
        """State why, as a part of a sentence."""
        self.missing = missing
        super().__init__(why)


class _Stream(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def fetch(address: str, write: Write, *, name: str, md5: str, limit: int, progress: Progress | None = None) -> None:
    """Hand the bytes at an address (http, https, file, or a path) to `write`, piece by piece.

    `progress(done, total, name)` is called after every piece, however small; whatever it or `write` raises comes
    through. Raises NotFetchedError unless all of it came, not more than `limit` bytes, with the
    right MD5 sum.
    """
    place = without_password(address)
    done, checksum = 0, hashlib.md5(usedforsecurity=False)
    with _open(address) as (stream, total):
        if total is not None and total > limit:
            raise NotFetchedError(f"{place} announces {total:,} bytes, far more than the file has")
        while chunk := _read(stream, place):
            done += len(chunk)
            if done > limit:
                raise NotFetchedError(f"{place} sends more than {limit:,} bytes, far more than the file has")
            write(chunk)
            checksum.update(chunk)
            if progress is not None:
                progress(done, total, name)
    if total is not None and done < total:
        raise NotFetchedError(f"the connection to {place} was cut off after {done:,} of {total:,} bytes")
    if checksum.hexdigest() != md5:
        raise NotFetchedError(f"what {place} sent has the wrong checksum, so it is damaged or another file")


def without_password(address: str) -> str:
    """The address as a sentence may repeat it: without user name and password."""
    return re.sub(r"(?<=//)[^/]*@", "", address)


def reason(error: BaseException) -> str:
    """What an error says, in a few words."""
    if isinstance(error, URLError) and isinstance(error.reason, BaseException):
        return reason(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _read(stream: _Stream, place: str) -> bytes:
    try:
        return stream.read1(_CHUNK)  # what is there, without waiting for the whole piece
    except (OSError, HTTPException, ValueError) as error:
        raise NotFetchedError(f"the connection to {place} was cut off ({reason(error)})") from error


@contextmanager
def _open(address: str) -> Iterator[tuple[_Stream, int | None]]:
    """The bytes at an address and how many there are, if known."""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = "unreadable"
    if scheme in ("http", "https"):
        with _request(address) as opened:
            yield opened
    elif scheme == "file":
        with _local(Path(url2pathname(urlsplit(address).path))) as opened:
            yield opened
    elif len(scheme) <= 1:  # a plain path; a single letter is a Windows drive
        with _local(Path(address)) as opened:
            yield opened
    else:
        raise NotFetchedError(f"{without_password(address)} is no http, https or file address")


@contextmanager
def _local(path: Path) -> Iterator[tuple[BufferedReader, int]]:
    try:
        file = path.open("rb")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise NotFetchedError(f"{path} cannot be read ({reason(error)})", missing=missing) from error
    with file:
        yield file, size


@contextmanager
def _request(address: str) -> Iterator[tuple[_Stream, int | None]]:
    place = without_password(address)
    try:
        response = _opener().open(_asking(address), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if 300 <= error.code < 400:
            raise NotFetchedError(f"{place} redirects in a circle, or to no http address") from error
        raise NotFetchedError(f"{place} answers {error.code} {error.reason}", missing=error.code == 404) from error
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise NotFetchedError(f"there is no connection to {place} ({reason(error)})") from error
    with response:
        length = response.headers.get("Content-Length") or ""
        yield response, int(length) if length.isdecimal() and len(length) < 20 else None


def _asking(address: str) -> Request:
    """The request for an address, whose host and path may hold any letters; its password goes into the header."""
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    host = host if host.isascii() else host.encode("idna").decode()
    path = quote(parts.path or "/", safe=_UNQUOTED)
    query = f"?{quote(parts.query, safe=_UNQUOTED)}" if parts.query else ""
    # a name of our own: some mirrors turn Python's away
    target = f"{parts.scheme}://{host}{path}{query}"
    request = Request(target, headers={"User-Agent": "sgd-lab"})  # noqa: S310  # _open lets only http and https here
    if user:  # not sent on to where a redirect leads
        token = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _opener() -> OpenerDirector:
    """An opener of http and https addresses, and of nothing that they might redirect to besides."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
