"""Many accounts with many photographs, logged in: rows for benchmarks.load, made inside of the measured site."""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from benchmarks.many_photos import seed
from gallery import services
from gallery.models import Photo, Scope


def gather(photos: int, *, of_one: int, accounts: int) -> list[dict[str, Any]]:
    """The first account has `of_one` of the photographs, the others share the rest. Told is what a visitor needs."""
    each = (photos - of_one) // accounts
    return [_member(f"member-{number}", of_one if number == 0 else each) for number in range(accounts + 1)]


def _member(name: str, count: int) -> dict[str, Any]:
    user = User.objects.create_user(name)
    seed(name, count, own_files=False)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.save()
    _, token = services.make_key(user, "benchmark", scopes=list(Scope.values), valid_for=None)
    newest = Photo.objects.filter(owner=user).order_by("-pk").first()
    middle = Photo.objects.filter(owner=user).order_by("pk")[count // 2]
    return {
        "name": name,
        "cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}",
        "token": token,
        "photo": newest.pk,
        "middle": middle.pk,
        "job": newest.jobs.get().pk,
    }
