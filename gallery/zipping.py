"""Many photographs as one zip that is made while it is sent: stored, not packed, and never held whole.

Its length is known beforehand, since every file is looked at first. What is missing or not what was stored then is told
in a text inside. A file that breaks off while it is sent ends the download with an error, and never as a short picture.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.db import models
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from pathvalidate import sanitize_filename
from zipstream import ZipStream

from gallery.dates import TakenOn
from gallery.delivery import CHUNK_BYTES
from gallery.files import storage_errors
from gallery.images import EXTENSIONS
from gallery.models import Photo, Result
from gallery.models.photo import PhotoQuerySet

MOST_PHOTOS = 5000
LONGEST_NAME = 100
LOOKUPS_AT_ONCE = 8
ABOUT = "About these photographs.txt"
SIMULATED = "The colors are simulated: a plausible guess, not a record."


class What(models.TextChoices):
    """What of each photograph goes into the zip."""

    RESULTS = "results", "In color"
    ORIGINALS = "originals", "Originals"
    BOTH = "both", "Both"


def read_what(word: str) -> What:
    """Both, unless one of them was asked for."""
    return What(word) if word in What else What.BOTH


class TooMany(Exception):
    """str() is one plain sentence for the owner."""


@dataclass(frozen=True)
class Member:
    """One stored file and its name in the zip."""

    name: str
    key: str
    byte_size: int


@dataclass
class Contents:
    """`members` are stored files, `texts` what is written for this zip: names to contents."""

    members: list[Member] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def answer_zip(photos: PhotoQuerySet, what: What, *, title: str) -> StreamingHttpResponse:
    """The caller has checked who asks. Raises TooMany."""
    chosen = list(photos[: MOST_PHOTOS + 1])
    if len(chosen) > MOST_PHOTOS:
        raise TooMany(gettext("At most %(count)d photographs go into one zip. Choose fewer.") % {"count": MOST_PHOTOS})
    folder = safe_name(title)
    archive = pack(folder, contents_of(chosen, what))
    response = answer_pieces(archive, folder)
    response["Content-Length"] = str(len(archive))
    return response


def answer_pieces(pieces: Iterable[bytes], folder: str) -> StreamingHttpResponse:
    """The answer that sends a zip of one folder."""
    response = StreamingHttpResponse(_chunks(pieces), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{folder}.zip")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def contents_of(photos: list[Photo], what: What) -> Contents:
    contents = Contents()
    taken: set[str] = set()
    for photo in photos:
        _add(contents, photo, free_name(safe_name(photo.name), taken), what)
    _set_aside_broken(contents)
    beside = gettext("The .json file beside each says which model made them, how, and from which original.")
    contents.texts[ABOUT] = about(len(photos), [beside, "", *contents.remarks])
    return contents


def pack(folder: str, contents: Contents) -> ZipStream:
    """Yields bytes when it is iterated; len() is how many. Reading a member raises when it breaks off."""
    archive = ZipStream(sized=True)
    for name, text in contents.texts.items():
        archive.add(text, f"{folder}/{name}")
    for member in contents.members:
        archive.add(read(member), f"{folder}/{member.name}", size=member.byte_size)
    return archive


def safe_name(name: str) -> str:
    """A file's name without ending that every system takes."""
    return (
        str(sanitize_filename(name, replacement_text="-", platform="universal"))[:LONGEST_NAME].strip(" .") or "photo"
    )


def free_name(name: str, taken: set[str]) -> str:
    """Neither of two files differs from the other by capitals alone."""
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    taken.add(free.casefold())
    return free


def _add(contents: Contents, photo: Photo, name: str, what: What) -> None:
    result = photo.shown_result if what != What.ORIGINALS else None
    colored = f"{name}.{EXTENSIONS[result.format]}" if result else None
    original = f"{name} (original).{EXTENSIONS[photo.format]}" if what != What.RESULTS else None
    if result and colored:
        contents.members.append(Member(colored, result.image_key, result.byte_size))
    elif what != What.ORIGINALS:
        contents.remarks.append(gettext("%(name)s has no colors yet.") % {"name": name})
    if original:
        contents.members.append(Member(original, photo.original_key, photo.byte_size))
    facts = {"original": _original_facts(photo, original), "result": _result_facts(result, colored) if result else None}
    contents.texts[f"{name}.json"] = json.dumps(facts, ensure_ascii=False, indent=2).encode()


def _original_facts(photo: Photo, name: str | None) -> dict[str, Any]:
    taken = TakenOn.of(photo)
    return {
        "file": name,
        "title": photo.name,
        "taken_on": str(taken) if taken else None,
        "uploaded_as": photo.file_name,
        "uploaded_at": photo.uploaded_at.isoformat(),
        "sha256": photo.digest,
        "bytes": photo.byte_size,
        "width": photo.width,
        "height": photo.height,
    }


def _result_facts(result: Result, name: str | None) -> dict[str, Any]:
    return {
        "file": name,
        "note": SIMULATED,
        "model": result.model_name,
        "model_version": result.model_version.number if result.model_version else None,
        "weights_sha256": result.model_digest,
        "settings": result.settings,
        "colored_at": result.created_at.isoformat(),
        "width": result.width,
        "height": result.height,
    }


def _set_aside_broken(contents: Contents) -> None:
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        sizes = list(pool.map(size_of, [member.key for member in contents.members]))
    whole = []
    for member, size in zip(contents.members, sizes, strict=True):
        if size == member.byte_size:
            whole.append(member)
        elif size is None:
            contents.remarks.append(
                gettext("%(name)s is missing: its file is not in the storage.") % {"name": member.name}
            )
        else:
            contents.remarks.append(
                gettext("%(name)s is missing: its file has %(size)d bytes in the storage, and had %(had)d.")
                % {"name": member.name, "size": size, "had": member.byte_size}
            )
    contents.members = whole


def size_of(key: str) -> int | None:
    """None: it is not there, or the storage does not say."""
    try:
        return default_storage.size(key)
    except storage_errors():
        return None


def about(count: int, remarks: list[str]) -> bytes:
    """The text that is in every zip."""
    lines = [
        ngettext("%(count)d photograph from Photo-Lab.", "%(count)d photographs from Photo-Lab.", count)
        % {"count": count},
        gettext("The colors are simulated: a plausible guess, not a record."),
        *remarks,
    ]
    return ("\r\n".join(lines).rstrip() + "\r\n").encode()


def read(member: Member) -> Iterator[bytes]:
    with default_storage.open(member.key) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


async def _chunks(archive: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Files are read in the request's own thread, which has its connection to the database.

    Small pieces, the headers of members, go out together with what follows.
    """
    pieces = iter(archive)
    while chunk := await sync_to_async(_next_chunk)(pieces):
        yield chunk


def _next_chunk(pieces: Iterator[bytes]) -> bytes:
    """Empty at the end."""
    chunk = bytearray()
    for piece in pieces:
        chunk += piece
        if len(chunk) >= CHUNK_BYTES:
            break
    return bytes(chunk)
