"""A shared album as one zip for a guest: each file's copy is made when its turn comes, while the zip is sent.

So its length is not known beforehand. Before each photograph it is asked anew whether the link still opens it; what is
not given out is told in a text at the end.
"""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext
from zipstream import ZipStream

from gallery import services
from gallery.images import EXTENSIONS, ImageRefused, SiteBusy
from gallery.models import Photo, Share
from gallery.zipping import ABOUT, MOST_PHOTOS, Member, What, about, answer_pieces, free_name, read, safe_name, size_of

KINDS = {What.RESULTS: ("image",), What.ORIGINALS: ("original",), What.BOTH: ("image", "original")}


def answer_shared_zip(share: Share, what: What) -> StreamingHttpResponse:
    """The caller has checked who asks, and that the share is of an album and allows downloads."""
    folder = safe_name(share.title)
    return answer_pieces(shared_pieces(share, what, folder), folder)


def shared_pieces(share: Share, what: What, folder: str) -> Iterator[bytes]:
    archive = ZipStream()
    remarks = [""]
    taken: set[str] = set()
    count = 0
    ids = list(services.shared_photos(share).values_list("pk", flat=True)[: MOST_PHOTOS + 1])
    for photo_id in ids[:MOST_PHOTOS]:
        if not Share.objects.live().filter(pk=share.pk).exists():
            remarks.append(gettext("The link ended before all of it was sent."))
            break
        photo = services.shared_photos(share).filter(pk=photo_id).first()
        if photo is None:
            continue  # taken out of the album meanwhile
        count += 1
        name = free_name(safe_name(photo.name), taken)
        for kind in KINDS[what]:
            member = _member(share, photo, kind, name, remarks)
            if member:
                archive.add(read(member), f"{folder}/{member.name}", size=member.byte_size)
                yield from archive.file()
    if len(ids) > MOST_PHOTOS:
        remarks.append(gettext("Only the first %(count)d photographs are in it.") % {"count": MOST_PHOTOS})
    archive.add(about(count, remarks), f"{folder}/{ABOUT}")
    yield from archive.finalize()


def _member(share: Share, photo: Photo, kind: str, name: str, remarks: list[str]) -> Member | None:
    """None: it is not given out, which was remarked."""
    if not services.is_offered(share, photo, kind):
        remarks.append(gettext("%(name)s has no colors yet.") % {"name": name})
        return None
    called = name if kind == "image" else f"{name} (original)"
    try:
        file = services.shared_file(share, photo, kind)
    except SiteBusy:
        words = gettext("%(name)s is missing: the site was busy making other files ready. Try again later.")
    except ImageRefused:
        words = gettext("%(name)s is not given out: what it may tell about place and camera could not be removed.")
    except services.ShareEnded:
        words = gettext("%(name)s is missing: it is not there any more.")
    else:
        size = size_of(file.key)
        if size is not None:
            return Member(f"{called}.{EXTENSIONS[file.format]}", file.key, size)
        words = gettext("%(name)s is missing: its file is not in the storage.")
    remarks.append(words % {"name": called})
    return None
