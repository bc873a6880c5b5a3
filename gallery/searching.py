"""What somebody looks for among their photographs: all of it in the address, so that it can be linked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext, gettext_lazy

from gallery import services
from gallery.access import read_id
from gallery.dates import TakenOn, read_date
from gallery.models import AlbumEntry, DatePrecision, Job, JobState, Result
from gallery.models.photo import PhotoQuerySet

MOST_WORDS = 10
LONGEST_TEXT = 200


class State(models.TextChoices):
    WAITING = "waiting", gettext_lazy("Waiting")
    COLORED = "colored", gettext_lazy("In color")
    FAILED = "failed", gettext_lazy("Not colored")
    OUTDATED = "outdated", gettext_lazy("Colored by an older model")


@dataclass(frozen=True)
class Search:
    """`album` is one of the owner's; `errors` say what was asked for and could not be understood."""

    words: tuple[str, ...] = ()
    taken_from: TakenOn | None = None
    taken_to: TakenOn | None = None
    album_id: int | None = None
    state: State | None = None
    errors: tuple[str, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        return self != Search()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def query(self) -> str:
        """The part of an address that read_search reads; empty when nothing is looked for."""
        asked = {
            "q": self.text,
            "from": str(self.taken_from or ""),
            "to": str(self.taken_to or ""),
            "album": str(self.album_id or ""),
            "state": self.state or "",
        }
        return urlencode({name: value for name, value in asked.items() if value})


def read_search(asked: Mapping[str, str]) -> Search:
    """From the parameters q, from, to, album and state. What cannot be understood is told, and not looked for."""
    errors: list[str] = []

    def read(name: str) -> TakenOn | None:
        try:
            return read_date(asked.get(name, ""))
        except ValueError as error:
            errors.append(f"{asked[name]}: {error}")
            return None

    album, state = asked.get("album", ""), asked.get("state", "")
    if state and state not in State:
        errors.append(gettext("%(state)s is no state of a photograph.") % {"state": state})
    if album and read_id(album) is None:
        errors.append(gettext("%(album)s is no album.") % {"album": album})
    return Search(
        words=tuple(asked.get("q", "")[:LONGEST_TEXT].replace("\0", "").split()[:MOST_WORDS]),
        taken_from=read("from"),
        taken_to=read("to"),
        album_id=read_id(album),
        state=State(state) if state in State else None,
        errors=tuple(errors),
    )


def find(photos: PhotoQuerySet, search: Search) -> PhotoQuerySet:
    """Those of the photos that match all of it."""
    for word in search.words:
        photos = photos.filter(Q(title__icontains=word) | Q(file_name__icontains=word))
    if search.taken_from:
        photos = photos.filter(_from(search.taken_from))
    if search.taken_to:
        photos = photos.filter(taken_on__lte=search.taken_to.last)
    if search.album_id:
        photos = photos.filter(Exists(AlbumEntry.objects.filter(album=search.album_id, photo=OuterRef("pk"))))
    return photos if search.state is None else _in_state(photos, search.state)


def _from(taken: TakenOn) -> Q:
    """A photograph of which the year alone is known may have been taken on any day of it, and so with months."""
    first = taken.first
    return (
        Q(taken_on__gte=first)
        | Q(taken_on=first.replace(month=1, day=1), taken_precision=DatePrecision.YEAR)
        | Q(taken_on=first.replace(day=1), taken_precision=DatePrecision.MONTH)
    )


def _in_state(photos: PhotoQuerySet, state: State) -> PhotoQuerySet:
    jobs = Job.objects.without_proposals()
    live = jobs.live()
    result = Exists(Result.objects.filter(job__photo=OuterRef("pk"), job__is_proposal=False))
    match state:
        case State.WAITING:
            return photos.filter(pk__in=live.values("photo"))
        case State.COLORED:
            return photos.filter(result)
        case State.FAILED:
            failed = jobs.filter(status__in=(JobState.FAILED, JobState.CANCELLED))
            return photos.filter(~result, pk__in=failed.values("photo")).exclude(pk__in=live.values("photo"))
        case State.OUTDATED:
            return services.outdated_photos(photos)
