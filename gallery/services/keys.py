"""Keys of programs: made once, shown once, bounded by scopes, revoked one by one. Also the answers kept for them."""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models import ApiKey, KeptAnswer

# A key that is used all the time must not cost a write with each call.
USE_TOLD_EVERY = timedelta(minutes=1)
ANSWERS_KEPT_FOR = timedelta(hours=24)


def make_key(
    owner: AbstractBaseUser, name: str, *, scopes: list[str], valid_for: timedelta | None
) -> tuple[ApiKey, str]:
    """The key, and its token, which is nowhere kept. `valid_for` None: until it is revoked."""
    return ApiKey.objects.create(owner, valid_for, name=name, scopes=scopes)


def revoke_key(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).delete()


def note_use(key: ApiKey) -> None:
    unused = Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_TOLD_EVERY)
    ApiKey.objects.filter(unused, pk=key.pk).update(last_used_at=Now())


def forget_answers() -> None:
    KeptAnswer.objects.filter(created_at__lt=Now() - ANSWERS_KEPT_FOR).delete()
