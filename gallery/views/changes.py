"""What owners do to their photos: upload, delete, try again, cancel."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery import services, showcase
from gallery.access import job_for, photo_for
from gallery.dates import read_date
from gallery.images import ImageRefused, SiteBusy
from gallery.limits import limited_uploads
from gallery.models import JobState, Photo
from gallery.sentences import said
from gallery.services.photos import clean_file_name
from gallery.variants import SettingsRefused
from gallery.views.chosen import tell_trashed
from gallery.views.pages import card_of
from gallery.waiting import number_waiting


@dataclass
class Sorted:
    """What became of the files of one upload."""

    accepted: list[Photo] = field(default_factory=list)
    duplicates: list[tuple[str, Photo]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    is_busy: bool = False  # some were refused although nothing is wrong with them

    @property
    def only_duplicate(self) -> Photo | None:
        """The photo that is there already, when its file was all that was sent."""
        if self.accepted or self.refused or len(self.duplicates) != 1:
            return None
        return self.duplicates[0][1]


@require_POST
@login_required
@limited_uploads
def upload(request: HttpRequest) -> HttpResponse:
    outcome = take_in(request, request.FILES.getlist("file"))
    if not request.accepts("text/html"):
        return JsonResponse(as_json(request, outcome))
    _tell(request, outcome)
    return _show(outcome)


@require_POST
@login_required
@limited_uploads
def upload_sample(request: HttpRequest) -> HttpResponse:
    path = showcase.sample_path()
    if path is None:
        messages.error(request, _("The sample photograph is missing from this installation."))
        return redirect("gallery")
    with path.open("rb") as file:
        outcome = take_in(request, [File(file, name=_("Sample photograph") + ".jpg")])
    _tell(request, outcome)
    return _show(outcome)


def take_in(request: HttpRequest, uploads: Iterable[File]) -> Sorted:
    """One unusable file never spoils the others."""
    outcome = Sorted()
    for one in uploads:
        name = clean_file_name(one.name)
        try:
            uploaded = services.upload_photo(request.user, one)
        except ImageRefused as refusal:
            outcome.refused.append((name, said(str(refusal))))
            outcome.is_busy = outcome.is_busy or isinstance(refusal, SiteBusy)
            continue
        if uploaded.is_duplicate:
            outcome.duplicates.append((name, uploaded.photo))
        else:
            outcome.accepted.append(uploaded.photo)
    return outcome


def as_json(request: HttpRequest, outcome: Sorted) -> dict[str, list[dict[str, object]]]:
    return {
        "accepted": [{"id": photo.pk, "card": card_of(request, photo)} for photo in number_waiting(outcome.accepted)],
        "duplicates": [describe_duplicate(name, photo) for name, photo in outcome.duplicates],
        "refused": [{"name": name, "reason": reason} for name, reason in outcome.refused],
    }


def describe_duplicate(name: str, photo: Photo) -> dict[str, object]:
    return {
        "id": photo.pk,
        "name": name,
        "url": reverse("photo", args=[photo.pk]),
        "message": _duplicate_message(name, photo),
    }


def _tell(request: HttpRequest, outcome: Sorted) -> None:
    count = len(outcome.accepted)
    if count:
        words = ngettext("%(count)d photo uploaded.", "%(count)d photos uploaded.", count)
        messages.success(request, words % {"count": count})
    for name, photo in outcome.duplicates:
        message = _duplicate_message(name, photo)
        if photo != outcome.only_duplicate:
            message = format_html('{} <a href="{}">{}</a>', message, reverse("photo", args=[photo.pk]), _("Show it"))
        messages.info(request, message)
    for name, reason in outcome.refused:
        messages.error(request, f"{name}: {reason}")
    if not (count or outcome.duplicates or outcome.refused):
        messages.error(request, _("No file was chosen."))


def _show(outcome: Sorted) -> HttpResponse:
    if outcome.only_duplicate:
        return redirect("photo", photo_id=outcome.only_duplicate.pk)
    return redirect("gallery")


def _duplicate_message(name: str, photo: Photo) -> str:
    if photo.was_restored:
        return _("%(name)s was in the trash, and is in your gallery again.") % {"name": name}
    if name == photo.file_name:
        return _("%(name)s is in your gallery already.") % {"name": name}
    return _("%(name)s is in your gallery already, as %(other)s.") % {"name": name, "other": photo.file_name}


@require_POST
@login_required
def photo_delete(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Into the trash, from where it can come back."""
    photo = photo_for(request, photo_id)
    services.trash_photos([photo.pk])
    tell_trashed(request, photo.name)
    return redirect("gallery")


@require_POST
@login_required
def photo_describe(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Its title, and when it was taken."""
    photo = photo_for(request, photo_id)
    try:
        taken = read_date(request.POST.get("taken", ""))
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return redirect("photo", photo_id=photo_id)
    services.describe_photo(photo.pk, title=request.POST.get("title", ""), taken=taken)
    messages.success(request, _("Saved."))
    return redirect("photo", photo_id=photo_id)


@require_POST
@login_required
def photo_retry(request: HttpRequest, photo_id: int) -> HttpResponse:
    photo = photo_for(request, photo_id)
    latest = photo.latest_job
    try:
        if latest is not None and latest.status == JobState.DONE:
            messages.info(request, _("There is nothing to try again: this photo is in color."))
        elif services.retry_photo(photo.pk) is None:
            messages.info(request, _("This photo is being colored already."))
    except SettingsRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("photo", photo_id=photo.pk)


@require_POST
@login_required
def job_cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    job = job_for(request, job_id)
    if not services.cancel(job.pk):
        messages.info(request, _("There was nothing left to cancel: this job has ended."))
    return redirect("photo", photo_id=job.photo_id)


@require_POST
@login_required
def photo_tone(request: HttpRequest, photo_id: int) -> HttpResponse:
    photo = photo_for(request, photo_id)
    is_toned = request.POST.get("tone") == "toned"
    if services.say_tone(photo.pk, is_toned=is_toned):
        messages.success(
            request, _("Noted: its tone is no color.") if is_toned else _("Noted: it has colors of its own.")
        )
    return redirect("photo", photo_id=photo.pk)
