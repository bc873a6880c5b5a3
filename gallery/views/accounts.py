"""The account's own pages: what is kept here, taking back the API's tokens, and deleting all of it."""

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery import services
from gallery.access import keys_of, photos_of
from gallery.accounts import end_tokens


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    photos = photos_of(request)
    photo_count = photos.count()
    context = {
        "photo_count": photo_count,
        "key_count": keys_of(request).count(),
        "stored_bytes": services.stored_bytes(request.user.pk),
        "uploaded_today": services.uploaded_today(request.user.pk),
        "quota": services.quota_of(request.user.pk),
        "has_second_factor": is_mfa_enabled(request.user),
        "has_other_logins": bool(settings.OIDC_APPS),
        "mails_batches": services.wants_batch_mails(request.user),
        "consent": services.account_consent(request.user),
        "covered_count": services.covered_photos(photos).count(),
        "versions": services.versions_that_learned_from(photos),
        "outdated_count": services.count_outdated(request.user, photos, among=photo_count),
    }
    return render(request, "gallery/account.html", context)


@require_POST
@login_required
def account_revoke_tokens(request: HttpRequest) -> HttpResponse:
    end_tokens(request.user)
    messages.success(request, _("All API keys are revoked."))
    return redirect("keys")


@require_POST
@login_required
def account_mail(request: HttpRequest) -> HttpResponse:
    wished = request.POST.get("batches") == "yes"
    services.set_batch_mails(request.user, wished)
    services.set_language(request.user, get_language())
    messages.success(request, _("You get one mail when everything is done.") if wished else _("You get no mails."))
    return redirect("account")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_delete(request: HttpRequest) -> HttpResponse:
    user = request.user
    has_password = user.has_usable_password()  # who logs in by another server may have none, and types the name
    context = {"photo_count": user.photos.count(), "has_password": has_password, "error": ""}  # in the trash, too
    if request.method == "POST":
        typed = request.POST.get("password" if has_password else "username", "")
        if user.check_password(typed) if has_password else typed == user.username:
            services.delete_account(user)
            logout(request)
            messages.success(request, _("Your account and everything in it are deleted."))
            return redirect("home")
        wrong = _("This is not your password. Nothing was deleted.")
        context["error"] = wrong if has_password else _("This is not your username. Nothing was deleted.")
    return render(request, "gallery/account_delete.html", context, status=200 if not context["error"] else 422)
