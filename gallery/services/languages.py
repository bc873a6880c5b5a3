"""The language that somebody has chosen, kept for mails and for the devices that they log in on."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from gallery.models import AccountPreferences


def set_language(owner: AbstractBaseUser, code: str) -> None:
    """One that is not offered changes nothing."""
    if code in dict(settings.LANGUAGES):
        AccountPreferences.objects.update_or_create(owner=owner, defaults={"language": code})


def language_of(owner: AbstractBaseUser) -> str:
    """Empty: none was chosen."""
    kept = AccountPreferences.objects.filter(owner=owner).values_list("language", flat=True).first()
    return kept or ""
