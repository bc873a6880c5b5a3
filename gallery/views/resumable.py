"""The requests of the tus protocol, and what makes a photo of a file that has arrived. Bytes are gallery/tus.py's."""

from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from gallery import tus
from gallery.access import partial_upload_for
from gallery.limits import too_many, upload_wait
from gallery.models import PartialUpload
from gallery.uploading import max_upload_bytes
from gallery.views.changes import as_json, take_in


def speaks_tus(view: Any) -> Any:
    """Every answer names the version; a request in another one is refused after its owner is known."""

    @wraps(view)
    def answer(request: HttpRequest, **ids: UUID) -> HttpResponse:
        try:
            response = view(request, **ids)
        except tus.UploadRefused as refusal:
            response = HttpResponse(str(refusal), status=refusal.status, content_type="text/plain")
        response["Tus-Resumable"] = tus.VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answer


@login_required
@require_http_methods(["POST", "OPTIONS"])
@speaks_tus
def resumable_uploads(request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        about = {"Tus-Version": tus.VERSION, "Tus-Extension": tus.EXTENSIONS, "Tus-Max-Size": str(max_upload_bytes())}
        return HttpResponse(status=204, headers=about)
    _require_version(request)
    if wait_s := upload_wait(request):
        return too_many(request, wait_s)
    upload = tus.create(
        request.user,
        length=request.headers.get("Upload-Length", ""),
        metadata=request.headers.get("Upload-Metadata", ""),
    )
    return _at(upload, status=201, Location=reverse("resumable_upload", args=[upload.pk]))


@login_required
@require_http_methods(["HEAD", "PATCH", "DELETE"])
@speaks_tus
def resumable_upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = partial_upload_for(request, upload_id)
    _require_version(request)
    if request.method == "DELETE":
        tus.remove(upload)
        return HttpResponse(status=204)
    if request.method == "PATCH":
        if request.content_type != "application/offset+octet-stream":
            raise tus.UploadRefused(415, "The body must be application/offset+octet-stream.")
        tus.append(upload, offset=request.headers.get("Upload-Offset", ""), body=request)
        return _at(partial_upload_for(request, upload_id), status=204)
    return _at(upload, status=200, **{"Upload-Length": str(upload.byte_size)})


@require_POST
@login_required
def resumable_finish(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """From here on the file goes the way of every other; the answer is that of `upload`."""
    upload = partial_upload_for(request, upload_id)
    if upload.offset != upload.byte_size:
        return JsonResponse({"error": _("This upload is not complete yet.")}, status=409)
    with upload.path.open("rb") as file:
        outcome = take_in(request, [File(file, name=upload.file_name)])
    if not outcome.is_busy:
        tus.remove(upload)
    return JsonResponse(as_json(request, outcome))


def _require_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise tus.UploadRefused(412, f"Tus-Resumable must be {tus.VERSION}.")


def _at(upload: PartialUpload, *, status: int, **headers: str) -> HttpResponse:
    at = {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(tus.expires_at(upload).timestamp())}
    return HttpResponse(status=status, headers={**at, **headers})
