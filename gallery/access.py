"""The only way from an id in an address to a row: through its owner. A stranger sees 404."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from gallery.models import Album, ApiKey, Job, PartialUpload, Photo, Share, UploadBatch, WebhookDelivery
from gallery.models.photo import PhotoQuerySet


def read_ids(words: Iterable[str]) -> list[int]:
    """Those that could be ids; what visitors send may be anything."""
    return [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 19]


def read_id(text: str) -> int | None:
    return next(iter(read_ids([text])), None)


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
    return Album.objects.filter(owner=request.user).order_by("-pk")


def photos_in(request: HttpRequest, album_id: int) -> PhotoQuerySet:
    """Of one of the user's albums, in its order."""
    photos = photos_of(request).filter(album_entries__album=album_id)
    return photos.order_by("album_entries__position", "album_entries__pk")


def album_for(request: HttpRequest, album_id: int) -> Album:
    return get_object_or_404(albums_of(request), pk=album_id)


def partial_upload_for(request: HttpRequest, upload_id: UUID) -> PartialUpload:
    return get_object_or_404(PartialUpload, pk=upload_id, owner=request.user)


def batch_for(request: HttpRequest, batch_id: int) -> UploadBatch:
    return get_object_or_404(UploadBatch, pk=batch_id, owner=request.user)


def keys_of(request: HttpRequest) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=request.user)


def key_for(request: HttpRequest, key_digest: str) -> ApiKey:
    return get_object_or_404(keys_of(request), pk=key_digest)


def delivery_for(request: HttpRequest, delivery_id: UUID) -> WebhookDelivery:
    return get_object_or_404(WebhookDelivery, pk=delivery_id, webhook__owner=request.user)


def shares_of(request: HttpRequest) -> QuerySet[Share]:
    """Newest first, those included that have ended."""
    return Share.objects.filter(owner=request.user).select_related("photo", "album")


def share_for(request: HttpRequest, share_id: int) -> Share:
    return get_object_or_404(shares_of(request), pk=share_id)


def shared_with(token: str) -> Share:
    """The only way that does not lead through the owner: whoever has the link may see what it opens.

    Links that ended, were taken back or never were are answered alike.
    """
    return get_object_or_404(Share.objects.live().with_token(token).select_related("photo", "album"))
