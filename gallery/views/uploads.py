"""What the upload area asks and says around its uploads: what is here already, that all is sent, what is done."""

import json
import re

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery import services
from gallery.access import batch_for, photos_of
from gallery.services.photos import clean_file_name
from gallery.views.changes import describe_duplicate

MOST_FILES_ASKED = 500
DIGEST = re.compile(r"[0-9a-f]{64}")


@require_POST
@login_required
def uploads_known(request: HttpRequest) -> JsonResponse:
    """Asked once for many files, {"files": [{"name", "digest"}]}, before any is sent: those that are here already."""
    try:
        asked = _read_files(request.body)
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"error": "Expected files, each with a name and a SHA-256 digest."}, status=422)
    here = {photo.digest: photo for photo in photos_of(request).filter(digest__in=asked.keys())}
    known = {digest: describe_duplicate(name, here[digest]) for digest, name in asked.items() if digest in here}
    return JsonResponse({"known": known})


def _read_files(body: bytes) -> dict[str, str]:
    """Digest to name."""
    files = {str(file["digest"]): clean_file_name(str(file["name"])) for file in json.loads(body)["files"]}
    if len(files) > MOST_FILES_ASKED or not all(map(DIGEST.fullmatch, files)):
        raise ValueError
    return files


@require_POST
@login_required
def uploads_sent(request: HttpRequest) -> HttpResponse:
    """The page has nothing more to send, so the batch is done as soon as its photos are."""
    services.say_all_sent(request.user)
    return HttpResponse(status=204)


@require_safe
@login_required
def batch_notices(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery/_batch_notices.html", {"batches": services.notices_of(request.user)})


@require_POST
@login_required
def batch_dismiss(request: HttpRequest, batch_id: int) -> HttpResponse:
    services.dismiss_batch(batch_for(request, batch_id))
    if not request.accepts("text/html"):
        return HttpResponse(status=204)
    return redirect("gallery")
