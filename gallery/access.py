"""The only way from an id in an address to a row: through its owner. A stranger sees 404."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from gallery.models import Album, Job, Photo
from gallery.models.photo import PhotoQuerySet


def photos_of(request: HttpRequest) -> PhotoQuerySet:
    """Newest first, without those in the trash."""
    return Photo.objects.filter(owner=request.user).outside_trash().with_state().order_by("-id")


def trash_of(request: HttpRequest) -> PhotoQuerySet:
    """What was put there last comes first."""
    trashed = Photo.objects.filter(owner=request.user, trashed_at__isnull=False)
    return trashed.with_state().order_by("-trashed_at", "-id")


def photo_for(request: HttpRequest, photo_id: int) -> Photo:
    return get_object_or_404(photos_of(request), pk=photo_id)


def job_for(request: HttpRequest, job_id: int) -> Job:
    jobs = Job.objects.select_related("photo", "result")
    return get_object_or_404(jobs, pk=job_id, photo__owner=request.user, photo__trashed_at=None)


def albums_of(request: HttpRequest) -> QuerySet[Album]:
    """Newest first."""
    return Album.objects.filter(owner=request.user)


def album_for(request: HttpRequest, album_id: int) -> Album:
    return get_object_or_404(albums_of(request), pk=album_id)
