"""What owners do with albums. Positions grow along an album; whoever changes them locks the album first."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from gallery.models import Album, AlbumEntry, Photo, SharedCopy
from gallery.services.photos import clean_title
from gallery.services.sharing import drop_copies


class AlbumRefused(Exception):
    """str() is one plain sentence for the owner."""


@dataclass(frozen=True)
class Shelf:
    """An album as a list of albums shows it."""

    album: Album
    count: int
    cover: Photo | None


def create_album(owner: AbstractBaseUser, title: str) -> Album:
    """Raises AlbumRefused."""
    return Album.objects.create(owner_id=owner.pk, title=_title(title))


def rename_album(album_id: int, title: str) -> None:
    """Raises AlbumRefused."""
    Album.objects.filter(pk=album_id).update(title=_title(title))


def delete_album(album_id: int) -> None:
    """Its photos stay where else they are; its links end, and their copies go."""
    with transaction.atomic():
        drop_copies(SharedCopy.objects.filter(share__album=album_id))
        Album.objects.filter(pk=album_id).delete()


def choose_cover(album_id: int, photo_id: int) -> bool:
    """False: the photo is not in the album."""
    inside = AlbumEntry.objects.filter(album=album_id, photo=photo_id).exists()
    return inside and Album.objects.filter(pk=album_id).update(cover=photo_id) == 1


def add_to_album(album_id: int, photo_ids: Iterable[int]) -> int:
    """How many are in it now and were not, at its end in the order given. The caller has checked whose they are."""
    with transaction.atomic():
        if not _lock(album_id):
            return 0
        there = set(AlbumEntry.objects.filter(album=album_id).values_list("photo_id", flat=True))
        fresh = [pk for pk in photo_ids if pk not in there]
        last = AlbumEntry.objects.filter(album=album_id).aggregate(last=Max("position"))["last"] or 0
        AlbumEntry.objects.bulk_create(
            AlbumEntry(album_id=album_id, photo_id=pk, position=position)
            for position, pk in enumerate(fresh, start=last + 1)
        )
    return len(fresh)


def remove_from_album(album_id: int, photo_ids: Iterable[int]) -> int:
    _, by_model = AlbumEntry.objects.filter(album=album_id, photo__in=list(photo_ids)).delete()
    return by_model.get(AlbumEntry._meta.label, 0)


def move_in_album(album_id: int, photo_id: int, *, before: int | None) -> bool:
    """Put a photo before another one of the album, or at its end. False: one of them is not in it."""
    with transaction.atomic():
        entries = AlbumEntry.objects.filter(album=album_id)
        if not _lock(album_id) or not entries.filter(photo=photo_id).exists():
            return False
        if before is None:
            position = (entries.aggregate(last=Max("position"))["last"] or 0) + 1
        else:
            place = entries.filter(photo=before).values_list("position", flat=True).first()
            if place is None:
                return False
            position = place
            entries.filter(position__gte=position).update(position=F("position") + 1)
        entries.filter(photo=photo_id).update(position=position)
    return True


def step_in_album(album_id: int, photo_id: int, *, steps: int) -> bool:
    """One place earlier (-1) or later (1) among those that are shown. False: it is at that end already."""
    shown = list(entries_of(album_id).values_list("photo_id", flat=True))
    if photo_id not in shown:
        return False
    target = shown.index(photo_id) + steps
    if not 0 <= target < len(shown):
        return False
    others = [pk for pk in shown if pk != photo_id]
    return move_in_album(album_id, photo_id, before=others[target] if target < len(others) else None)


def sort_album_by_date(album_id: int) -> None:
    """The oldest first, then those of which no date is known; the order among equals stays."""
    with transaction.atomic():
        if not _lock(album_id):
            return
        entries = AlbumEntry.objects.filter(album=album_id)
        ordered = list(entries.order_by(F("photo__taken_on").asc(nulls_last=True), "position"))
        for position, entry in enumerate(ordered, start=1):
            entry.position = position
        AlbumEntry.objects.bulk_update(ordered, ["position"], batch_size=500)


def entries_of(album_id: int) -> QuerySet[AlbumEntry]:
    """In the album's order, without those in the trash."""
    return AlbumEntry.objects.filter(album=album_id, photo__trashed_at=None).order_by("position", "pk")


def shelves(albums: QuerySet[Album]) -> list[Shelf]:
    """Albums with what stands for them: three queries for any number of them."""
    first = entries_of(OuterRef("pk")).values("photo")[:1]
    chosen = entries_of(OuterRef("pk")).filter(photo=OuterRef("cover")).values("photo")[:1]
    kept = Count("entries", filter=Q(entries__photo__trashed_at=None))
    found = list(albums.annotate(kept=kept, first_photo=Subquery(first), chosen_photo=Subquery(chosen)))
    covers = {album.pk: album.chosen_photo or album.first_photo for album in found}
    photos = Photo.objects.with_state().in_bulk([pk for pk in covers.values() if pk is not None])
    return [Shelf(album, album.kept, photos.get(covers[album.pk])) for album in found]


def _title(text: str) -> str:
    title = clean_title(text)
    if not title:
        raise AlbumRefused(_("An album needs a title."))
    return title


def _lock(album_id: int) -> bool:
    return Album.objects.select_for_update().filter(pk=album_id).first() is not None
