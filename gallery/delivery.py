"""Sends stored files to those who may have them. Large files are streamed and never held whole.

Where browsers can reach the bucket, large downloads are sent there, with an address that holds for a minute.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage, storages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header, parse_etags

from gallery.images import CONTENT_TYPES

SENT_WHOLE_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024
SIGNED = "signed"  # of settings.STORAGES, where browsers can reach the bucket


def answer_file(
    request: HttpRequest, key: str, *, file_format: str, download_name: str, as_attachment: bool
) -> HttpResponseBase:
    """`file_format` is one of images.CONTENT_TYPES. The caller has checked who asks."""
    etag = (
        f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'  # a name is never used twice, so it stands for the bytes
    )
    if etag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        headers = {
            "Content-Type": CONTENT_TYPES[file_format],
            "Content-Disposition": content_disposition_header(as_attachment, download_name),
        }
        response = _answer_bytes(key, headers, may_redirect=as_attachment)
    if isinstance(response, HttpResponseRedirect):
        response["Cache-Control"] = "no-store"  # the address ends sooner than any copy of this answer
        return response
    response["ETag"] = etag
    # Asked for anew each time: on a shared computer the next visitor must not see it from the cache.
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _answer_bytes(key: str, headers: dict[str, str], *, may_redirect: bool) -> HttpResponseBase:
    """What is shown within a page always comes from the site: its policy lets nothing else in."""
    try:
        file = default_storage.open(key)
    except FileNotFoundError as error:
        raise Http404("This file is not in the storage.") from error
    size = file.size
    if size <= SENT_WHOLE_BYTES:
        with file:
            return HttpResponse(file.read(), headers=headers)
    if may_redirect and SIGNED in settings.STORAGES:
        file.close()
        asked = {f"Response{name.replace('-', '')}": value for name, value in headers.items()}
        return HttpResponseRedirect(storages[SIGNED].url(key, parameters=asked))
    return StreamingHttpResponse(_chunks(file), headers={**headers, "Content-Length": str(size)})


async def _chunks(file: File) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
    finally:
        file.close()
