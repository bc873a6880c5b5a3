"""The way to log in by another server, if the settings name one."""

from django import template
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.template import Context
from django.urls import reverse
from django.utils.http import urlencode

register = template.Library()


@register.simple_tag(takes_context=True)
def other_login(context: Context, process: str) -> dict[str, str] | None:
    """Its `name` and `address`, by which one comes to the page that was asked for; `process` is login or connect."""
    if not settings.OIDC_APPS:
        return None
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    query = {"process": process}
    if asked := context["request"].GET.get(REDIRECT_FIELD_NAME):
        query[REDIRECT_FIELD_NAME] = asked
    return {
        "name": app["name"],
        "address": f"{reverse('openid_connect_login', args=[app['provider_id']])}?{urlencode(query)}",
    }
