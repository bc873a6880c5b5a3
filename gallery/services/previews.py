"""Quick looks that an open page waits for: asked for by the web process, answered by a coloring worker before jobs.

The row carries the question and the answer; the doorbell is the one for jobs. Nobody rescues a preview: who waited
is told, and the row is swept away.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from gallery import queue
from gallery.models import Photo, Preview, PreviewState, Worker
from gallery.sentences import said

PATIENCE_S = 10.0  # that a page waits: behind one running job at most
DOUBT_PATIENCE_S = 45.0  # the network is asked four times, up to twice as large; less than proxies have
KEPT_FOR = timedelta(minutes=1)
MOST_KEPT = 180  # of one owner: three each second on average


class PreviewRefused(Exception):
    """str() is one plain sentence for the owner; `status` is that of HTTP."""

    def __init__(self, reason: str, *, status: int) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class PreviewClaim:
    """What a worker needs for one preview. `size` is width and height of the upright photograph."""

    id: int
    kind: str
    asked: dict[str, Any]
    picture_key: str
    size: tuple[int, int]


@dataclass(frozen=True)
class PreviewAnswer:
    picture: bytes = b""
    told: dict[str, Any] = field(default_factory=dict)


def ask_for_preview(photo: Photo, kind: Preview.Kind, asked: dict[str, Any]) -> int:
    """Its id, for `look_at_preview`. A picture that the owner asked for before and waits for is not made any more.

    Raises PreviewRefused.
    """
    if not Worker.objects.serving(queue.QUEUE_COLORIZE).exists():
        raise PreviewRefused(_("No coloring worker is running right now, so there are no previews."), status=503)
    of_owner = Preview.objects.filter(photo__owner=photo.owner_id)
    if of_owner.filter(asked_at__gte=Now() - KEPT_FOR).count() >= MOST_KEPT:
        raise PreviewRefused(_("That were many previews in one minute. Wait a moment."), status=429)
    if kind == Preview.Kind.PICTURE:
        for older in of_owner.filter(photo=photo, kind=kind, status=PreviewState.WAITING).values_list("pk", flat=True):
            Preview.objects.filter(pk=older).move(PreviewState.SUPERSEDED, only_if=[PreviewState.WAITING])
    preview = Preview.objects.create(photo=photo, kind=kind, asked=asked)
    if not queue.ring():
        preview.delete()
        raise PreviewRefused(_("The coloring worker cannot be reached right now."), status=503)
    return preview.pk


def look_at_preview(preview_id: int) -> PreviewAnswer | None:
    """None: not yet. The picture is given out once. Raises PreviewRefused."""
    preview = Preview.objects.filter(pk=preview_id).first()
    if preview is None:
        raise PreviewRefused(_("This photograph is gone."), status=404)
    match preview.status:
        case PreviewState.DONE:
            Preview.objects.filter(pk=preview_id).update(picture=b"")
            return PreviewAnswer(bytes(preview.picture), preview.told)
        case PreviewState.FAILED:
            raise PreviewRefused(said(preview.error), status=422)
        case PreviewState.SUPERSEDED:
            raise PreviewRefused(_("A newer preview was asked for."), status=409)
    return None


def give_up_preview(preview_id: int) -> PreviewRefused:
    """For who has waited long enough: nobody makes it any more. Answers what to tell."""
    Preview.objects.filter(pk=preview_id).move(PreviewState.SUPERSEDED, only_if=[PreviewState.WAITING])
    return PreviewRefused(_("The site is busy coloring other photographs. Try again in a moment."), status=503)


def claim_preview() -> PreviewClaim | None:
    """The oldest that somebody still waits for, doubt after all others, since it takes long; None when none waits."""
    is_doubt = ExpressionWrapper(Q(kind=Preview.Kind.DOUBT), output_field=BooleanField())
    fresh = Q(asked_at__gte=Now() - timedelta(seconds=PATIENCE_S))
    fresh |= Q(kind=Preview.Kind.DOUBT, asked_at__gte=Now() - timedelta(seconds=DOUBT_PATIENCE_S))
    waiting = Preview.objects.filter(fresh, status=PreviewState.WAITING)
    while preview := waiting.select_related("photo").order_by(is_doubt, "pk").first():
        if Preview.objects.filter(pk=preview.pk).move(PreviewState.RUNNING, only_if=[PreviewState.WAITING]):
            photo = preview.photo
            return PreviewClaim(
                preview.pk, preview.kind, preview.asked, photo.preview_key, size=(photo.width, photo.height)
            )
    return None


def finish_preview(preview_id: int, answer: PreviewAnswer) -> bool:
    """False: the row is gone, and with it who waited."""
    return Preview.objects.filter(pk=preview_id).move(
        PreviewState.DONE, only_if=[PreviewState.RUNNING], picture=answer.picture, told=answer.told
    )


def fail_preview(preview_id: int, reason: str) -> bool:
    return Preview.objects.filter(pk=preview_id).move(PreviewState.FAILED, only_if=[PreviewState.RUNNING], error=reason)


def sweep_previews() -> None:
    Preview.objects.filter(asked_at__lt=Now() - KEPT_FOR).delete()
