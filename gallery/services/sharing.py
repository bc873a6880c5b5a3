"""Links for others: made, opened, taken back; and the copies of files that go out through them.

A copy is made when somebody first asks for the file, in a limited child process, and kept under a name of its own: by
then it is known that it is wanted, and an album of any size is shared at once.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext

from gallery import files, images
from gallery.keys import new_shared_key
from gallery.models import Album, Photo, Share, SharedCopy
from gallery.models.photo import PhotoQuerySet
from gallery.shared_copy import AS_IT_IS, IN_COLOR, MARKED

DEFAULT_DAYS = 30
MOST_DAYS = 3650
SHORTEST_PASSWORD, LONGEST_PASSWORD = 6, 128
# Of one file, however many links lead to it: copies are no way past the limit of what an account may keep.
MOST_COPIES, MOST_SMALL_COPIES = 3, 30


class ShareRefused(Exception):
    """str() is one plain sentence for the owner."""


class ShareEnded(Exception):
    """The link was taken back, or its photo deleted, while a file was made ready."""


@dataclass(frozen=True)
class ShareTerms:
    expires_days: int | None = DEFAULT_DAYS  # None: never
    password: str = ""
    allow_download: bool = True
    show_location: bool = False
    mark: bool = False


@dataclass(frozen=True)
class SharedFile:
    key: str
    format: str


def create_share(subject: Photo | Album, terms: ShareTerms) -> Share:
    """Raises ShareRefused, and images.SiteBusy."""
    share = Share(
        owner_id=subject.owner_id,
        photo=subject if isinstance(subject, Photo) else None,
        album=subject if isinstance(subject, Album) else None,
        password=make_password(terms.password) if terms.password else "",
        allow_download=terms.allow_download,
        show_location=terms.show_location,
        mark=terms.mark,
    )
    with transaction.atomic():
        share.save(force_insert=True)
        if terms.expires_days is not None:
            Share.objects.filter(pk=share.pk).update(expires_at=Now() + timedelta(days=terms.expires_days))
    share.refresh_from_db()
    if share.photo:
        _try_copies(share)
    return share


def _try_copies(share: Share) -> None:
    """Of one photo it is known at once whether its files can be cleaned, so that the owner is told and not a guest."""
    wanted = [kind for kind in ("after", "image", "original") if is_offered(share, share.photo, kind)]
    try:
        for kind in wanted:
            shared_file(share, share.photo, kind)
    except images.ImageRefused as refusal:
        delete_shares([share.pk])
        if isinstance(refusal, images.SiteBusy):
            raise
        reason = gettext("This file cannot be freed of its notes. {why}").format(why=refusal)
        raise ShareRefused(reason) from refusal


def revoke_share(share_id: int) -> bool:
    """False: that was done before. The row stays, for its owner's list; the copies go."""
    with transaction.atomic():
        revoked = Share.objects.filter(pk=share_id, revoked_at=None).update(revoked_at=Now()) == 1
        drop_copies(SharedCopy.objects.filter(share=share_id))
    return revoked


def delete_shares(share_ids: Iterable[int]) -> None:
    with transaction.atomic():
        ids = list(share_ids)
        drop_copies(SharedCopy.objects.filter(share__in=ids))
        Share.objects.filter(pk__in=ids).delete()


def drop_copies(copies: QuerySet[SharedCopy]) -> int:
    """Rows at once, files after the commit."""
    with transaction.atomic():
        found = list(copies.select_for_update())
        files.delete_after_commit(copy.key for copy in found)
        SharedCopy.objects.filter(pk__in=[copy.pk for copy in found]).delete()
    return len(found)


def drop_copies_of_ended_shares() -> int:
    """Of links that have ended by themselves."""
    return drop_copies(SharedCopy.objects.exclude(share__in=Share.objects.live()))


def fits_password(share: Share, password: str) -> bool:
    return check_password(password, share.password)


def count_opening(share: Share) -> None:
    Share.objects.filter(pk=share.pk).update(opened_count=F("opened_count") + 1, opened_at=Now())


def shared_photos(share: Share) -> PhotoQuerySet:
    """In the album's order, without those in the trash."""
    photos = Photo.objects.outside_trash().with_state()
    if share.album_id is None:
        return photos.filter(pk=share.photo_id)
    return photos.filter(album_entries__album=share.album_id).order_by("album_entries__position", "album_entries__pk")


def is_offered(share: Share, photo: Photo, kind: str) -> bool:
    """`kind` is before, after or thumb, which pages show, or image or original, which are downloads."""
    if kind in ("after", "image") and photo.shown_result is None:
        return False
    return share.allow_download or kind not in ("image", "original")


def shared_file(share: Share, photo: Photo, kind: str) -> SharedFile:
    """What goes out for a kind that is offered.

    Pictures that pages show are the site's own and tell nothing, so only a mark needs a copy of them. Raises
    images.ImageRefused when a file cannot be cleaned, and ShareEnded.
    """
    result = photo.shown_result
    if kind == "after" or (kind == "thumb" and result):
        key = result.preview_key if kind == "after" else result.thumb_key
        return _copy(share, photo, key, MARKED, most=MOST_SMALL_COPIES) if share.mark else SharedFile(key, "JPEG")
    if kind in ("before", "thumb"):
        return SharedFile(photo.preview_key if kind == "before" else photo.thumb_key, "JPEG")
    if kind == "original":
        plain = SharedFile(photo.original_key, photo.format)
        return plain if share.show_location else _copy(share, photo, plain.key, AS_IT_IS)
    if share.mark:
        return _copy(share, photo, result.image_key, MARKED)
    plain = SharedFile(result.image_key, result.format)
    return plain if share.show_location else _copy(share, photo, plain.key, IN_COLOR)


def _copy(share: Share, photo: Photo, source_key: str, how: str, *, most: int = MOST_COPIES) -> SharedFile:
    made = SharedCopy.objects.filter(share=share.pk, source_key=source_key).first()
    if made is None:
        made = _make_copy(share, photo, source_key, how)
        _keep_newest(most, SharedCopy.objects.filter(photo=photo, source_key=source_key))
    return SharedFile(made.key, made.format)


def _make_copy(share: Share, photo: Photo, source_key: str, how: str) -> SharedCopy:
    with images.temporary_folder() as folder:
        try:
            with default_storage.open(source_key) as stored, images.as_path(stored) as source:
                images.read_in_child("gallery.shared_copy", source, folder, how)
        except FileNotFoundError as error:
            raise ShareEnded from error
        file_format = json.loads((folder / "facts.json").read_text())["format"]
        key = new_shared_key(images.EXTENSIONS[file_format])
        copy = SharedCopy(share=share, photo=photo, source_key=source_key, key=key, format=file_format)
        try:
            with files.gone_unless_done([key]), (folder / "copy").open("rb") as content:
                files.store(key, File(content))
                _add_copy(copy)
        except IntegrityError:
            return _made_meanwhile(copy)
    return copy


def _keep_newest(most: int, copies: QuerySet[SharedCopy]) -> None:
    """Of a link whose copy goes, it is made anew when somebody asks for it again."""
    older = list(copies.order_by("-pk").values_list("pk", flat=True)[most:])
    drop_copies(SharedCopy.objects.filter(pk__in=older))


def _add_copy(copy: SharedCopy) -> None:
    """In turn with whoever takes the link back or deletes the photo."""
    with transaction.atomic():
        if not Photo.objects.select_for_update().filter(pk=copy.photo_id).exists():
            raise ShareEnded
        # Not exists(): without a column of the share's, PostgreSQL would have to lock what is joined, and refuses.
        if Share.objects.live().select_for_update(of=("self",)).filter(pk=copy.share_id).first() is None:
            raise ShareEnded
        copy.save(force_insert=True)


def _made_meanwhile(copy: SharedCopy) -> SharedCopy:
    """By somebody who asked for the same at the same time."""
    made = SharedCopy.objects.filter(share=copy.share_id, source_key=copy.source_key).first()
    if made is None:
        raise ShareEnded
    return made
