"""How much an account may keep and how many photographs it may upload in a day: by the settings, or as staff have set.

Two requests at once may both find room; who adds a row asks again behind the account's batch, which lets one pass.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.images import ImageRefused
from gallery.models import AccountLimits, Photo, Result
from gallery.variants import SettingsRefused

MB = 1024 * 1024
A_DAY = timedelta(hours=24)


class QuotaReached(ImageRefused):
    """Nothing is wrong with the file. `wait_s` is 0 where waiting does not help."""

    def __init__(self, sentence: str, *, wait_s: int = 0) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Quota:
    """0 is no limit."""

    storage_mb: int
    photos_per_day: int

    @property
    def storage_bytes(self) -> int:
        return self.storage_mb * MB


def quota_of(owner_id: int) -> Quota:
    own = AccountLimits.objects.filter(owner=owner_id).first() or AccountLimits()
    return Quota(
        storage_mb=settings.PHOTOLAB_STORAGE_QUOTA_MB if own.storage_mb is None else own.storage_mb,
        photos_per_day=settings.PHOTOLAB_PHOTOS_PER_DAY if own.photos_per_day is None else own.photos_per_day,
    )


def stored_bytes(owner_id: int) -> int:
    """Originals and color versions, those in the trash included; previews and the few copies for links do not count."""
    originals = Photo.objects.filter(owner=owner_id).aggregate(bytes=Sum("byte_size"))["bytes"] or 0
    results = Result.objects.filter(job__photo__owner=owner_id).aggregate(bytes=Sum("byte_size"))["bytes"] or 0
    return originals + results


def uploaded_today(owner_id: int) -> int:
    """Photographs of the last 24 hours that are here still."""
    return Photo.objects.filter(owner=owner_id, uploaded_at__gt=timezone.now() - A_DAY).count()


def require_room(owner_id: int, byte_size: int) -> None:
    """For one more photograph. Raises QuotaReached."""
    quota = quota_of(owner_id)
    if quota.photos_per_day:
        _require_day(owner_id, quota.photos_per_day)
    if quota.storage_mb:
        _require_storage(owner_id, byte_size, quota)


def require_room_for_colors(owner_id: int) -> None:
    """For a color version more, whose size nobody knows beforehand. Raises SettingsRefused when all is full."""
    quota = quota_of(owner_id)
    if quota.storage_mb and stored_bytes(owner_id) >= quota.storage_bytes:
        raise SettingsRefused(_("Your storage is full. Delete photographs, also from the trash, to make room."))


def _require_storage(owner_id: int, byte_size: int, quota: Quota) -> None:
    used = stored_bytes(owner_id)
    if used + byte_size <= quota.storage_bytes:
        return
    raise QuotaReached(
        f"This file has {_as_mb(byte_size)} MB, and {_as_mb(used)} of your {quota.storage_mb} MB are taken. "
        "Delete photographs, also from the trash, to make room."
    )


def _require_day(owner_id: int, most: int) -> None:
    """By the oldest of the last `most`: when it is a day old, there is room for one more."""
    newest = Photo.objects.filter(owner=owner_id).order_by("-uploaded_at").values_list("uploaded_at", flat=True)
    oldest = newest[most - 1 : most].first()
    if oldest is None or (wait := oldest + A_DAY - timezone.now()) <= timedelta(0):
        return
    wait_s = math.ceil(wait.total_seconds())
    raise QuotaReached(
        f"You may upload {most} photographs in 24 hours, and you have. The next may come in {_as_hours(wait_s)}.",
        wait_s=wait_s,
    )


def _as_mb(count: int) -> str:
    return f"{count / MB:.1f}" if count < 100 * MB else f"{count / MB:.0f}"


def _as_hours(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
