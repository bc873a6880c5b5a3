"""The only way from an id in an address to a row: through its owner. A stranger sees 404."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from gallery.models import Job, Photo
from gallery.models.photo import PhotoQuerySet


def photos_of(request: HttpRequest) -> PhotoQuerySet:
    """Newest first."""
    return Photo.objects.filter(owner=request.user).with_state().order_by("-id")


def photo_for(request: HttpRequest, photo_id: int) -> Photo:
    return get_object_or_404(photos_of(request), pk=photo_id)


def job_for(request: HttpRequest, job_id: int) -> Job:
    jobs = Job.objects.select_related("photo", "result")
    return get_object_or_404(jobs, pk=job_id, photo__owner=request.user)
