"""What owners say about training: yes or no for the account or a photo, and that the colors of a result are right."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery import services
from gallery.access import job_for, photo_for
from gallery.models import Photo


@require_POST
@login_required
def account_training(request: HttpRequest) -> HttpResponse:
    _say(request, None)
    return redirect("account")


@require_POST
@login_required
def photo_training(request: HttpRequest, photo_id: int) -> HttpResponse:
    _say(request, photo_for(request, photo_id))
    return redirect("photo", photo_id=photo_id)


@require_POST
@login_required
def result_accept(request: HttpRequest, job_id: int) -> HttpResponse:
    job = job_for(request, job_id)
    if request.POST.get("right") == "yes":
        if services.accept_result(job.pk):
            messages.success(request, _("Noted: the colors of this picture are right."))
        else:
            messages.warning(request, _("Only colors that you have corrected can be called right."))
    else:
        withdrawn = services.unaccept_result(job.pk)
        messages.success(request, _with_withdrawn(_("Taken back."), withdrawn))
    return redirect("photo", photo_id=job.photo_id)


def _say(request: HttpRequest, photo: Photo | None) -> None:
    """Whatever is not a clear yes is a no."""
    if request.POST.get("allowed") == "yes":
        services.give_consent(request.user, photo)
        about_all = _("Allowed. New model versions may learn from your photographs.")
        about_one = _("Allowed. New model versions may learn from this photograph.")
        messages.success(request, about_all if photo is None else about_one)
    else:
        withdrawn = services.revoke_consent(request.user, photo)
        about_all = _("No training that begins now learns from your photographs.")
        about_one = _("No training that begins now learns from this photograph.")
        messages.success(request, _with_withdrawn(about_all if photo is None else about_one, withdrawn))


def _with_withdrawn(words: str, count: int) -> str:
    if not count:
        return words
    withdrawn = ngettext("%(count)d picture was withdrawn.", "%(count)d pictures were withdrawn.", count)
    return f"{words} {withdrawn % {'count': count}}"
