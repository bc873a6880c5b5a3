"""The files of photos and results, for their owner alone."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from gallery.access import job_for, photo_for, trash_of
from gallery.delivery import answer_file
from gallery.images import EXTENSIONS
from gallery.models import Job, Photo


@require_safe
@login_required
def photo_file(request: HttpRequest, photo_id: int, kind: str) -> HttpResponseBase:
    return answer_photo_file(request, photo_for(request, photo_id), kind, as_attachment="download" in request.GET)


@require_safe
@login_required
def trashed_thumb(request: HttpRequest, photo_id: int) -> HttpResponseBase:
    """All that is still shown of a photo in the trash: in color, if it has been colored."""
    photo = get_object_or_404(trash_of(request), pk=photo_id)
    if photo.shown_result is None:
        return answer_photo_file(request, photo, "thumb", as_attachment=False)
    return answer_result_file(request, photo.shown_result.job, "thumb", as_attachment=False)


@require_safe
@login_required
def result_file(request: HttpRequest, job_id: int, kind: str) -> HttpResponseBase:
    job = job_for(request, job_id)
    if not job.has_result:
        raise Http404("This job has no result.")
    return answer_result_file(request, job, kind, as_attachment="download" in request.GET)


def answer_photo_file(request: HttpRequest, photo: Photo, kind: str, *, as_attachment: bool) -> HttpResponseBase:
    keys = {"original": photo.original_key, "preview": photo.preview_key, "thumb": photo.thumb_key}
    return answer_file(
        request,
        keys[kind],
        file_format=photo.format if kind == "original" else "JPEG",
        download_name=photo.file_name if kind == "original" else f"{photo.stem}-{kind}.jpg",
        as_attachment=as_attachment,
    )


def answer_result_file(request: HttpRequest, job: Job, kind: str, *, as_attachment: bool) -> HttpResponseBase:
    result = job.result
    keys = {"image": result.image_key, "preview": result.preview_key, "thumb": result.thumb_key}
    suffix = "colorized" if kind == "image" else f"colorized-{kind}"
    file_format = result.format if kind == "image" else "JPEG"
    return answer_file(
        request,
        keys[kind],
        file_format=file_format,
        download_name=f"{job.photo.stem}-{suffix}.{EXTENSIONS[file_format]}",
        as_attachment=as_attachment,
    )
