"""What Photo-Lab asks of the accounts application beyond its settings."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from knox.models import get_token_model

from gallery import services


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.PHOTOLAB_SIGNUP_OPEN

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **how: Any) -> HttpResponse:
        """On each device, pages come in the language that the account has chosen."""
        response = super().post_login(request, user, **how)
        if chosen := services.language_of(user):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                chosen,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
            )
        return response

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        super().set_password(user, password)
        end_tokens(user)


def end_tokens(user: AbstractBaseUser) -> None:
    """Whoever changes a password wants others out, programs included."""
    get_token_model().objects.filter(user=user).delete()


class ModestArgon2(Argon2PasswordHasher):
    """19 MiB for each login instead of 100: several at once fit into the web process."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
