"""The account's pages for programs: keys, the webhook with its deliveries, and how to use all of it from a script."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery import services
from gallery.access import delivery_for, key_for, keys_of
from gallery.models import Webhook, WebhookEvent
from gallery.program_forms import KeyForm, WebhookForm

SHOWN_DELIVERIES = 20


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """The token of a new key is on the page that answers the form, and nowhere else."""
    form = KeyForm(request.POST or None, is_staff=request.user.is_staff)
    token = None
    if form.is_valid():
        _key, token = services.make_key(request.user, **form.terms())
        form = KeyForm(None, is_staff=request.user.is_staff)
    status = 422 if form.is_bound else 200
    return render(request, "gallery/keys.html", {"keys": keys_of(request), "form": form, "token": token}, status=status)


@require_POST
@login_required
def key_revoke(request: HttpRequest, key_digest: str) -> HttpResponse:
    key = key_for(request, key_digest)
    services.revoke_key(key)
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
    return redirect("keys")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def webhook(request: HttpRequest) -> HttpResponse:
    here = Webhook.objects.filter(owner=request.user).first()
    form = WebhookForm(request.POST or None, initial={"url": here.url if here else ""})
    if form.is_valid():
        services.set_webhook(request.user, form.cleaned_data["url"])
        messages.success(request, _("Events are sent to this address from now on."))
        return redirect("webhook")
    context = {
        "webhook": here,
        "form": form,
        "events": [event for event in WebhookEvent if event != WebhookEvent.TEST],
        "deliveries": here.deliveries.all()[:SHOWN_DELIVERIES] if here else [],
    }
    return render(request, "gallery/webhook.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def webhook_act(request: HttpRequest) -> HttpResponse:
    """What the buttons beside the address do: test it, make another secret, or take it away."""
    here = get_object_or_404(Webhook, owner=request.user)
    match request.POST.get("do"):
        case "test":
            services.send_test(here)
            messages.success(request, _("A test is on its way. Its outcome is here within seconds."))
        case "secret":
            services.renew_secret(here)
            messages.success(request, _("There is a new secret. What is sent from now on is signed with it."))
        case "remove":
            services.remove_webhook(request.user)
            messages.success(request, _("Events are not sent any more."))
    return redirect("webhook")


@require_POST
@login_required
def delivery_again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    services.send_again(delivery_for(request, delivery_id))
    return redirect("webhook")


@require_safe
def scripts(request: HttpRequest) -> HttpResponse:
    """How to use the site from a script; the examples are files, which the tests run."""
    return render(request, "gallery/scripts.html", {"site": request.build_absolute_uri("/").rstrip("/")})
