"""What Photo-Lab asks of the accounts application beyond its settings."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import has_verified_email
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from knox.models import get_token_model

from gallery import limits, services

LOCKED_OUT = ("too_many_login_attempts", "rate_limited")


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

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """The pages of the library show this one as any wrong entry; the answer is to be another."""
        if code in LOCKED_OUT:
            limits.lock_out()
        return super().validation_error(code, *args)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        super().set_password(user, password)
        end_tokens(user)


class TwoFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are worth nothing to whoever has the database alone."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """With another SECRET_KEY no code is right: staff take the second factor away in the admin."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(
                hashlib.sha256(encrypted_text.encode() + settings.SECRET_KEY.encode()).digest()
            ).decode()


def _cipher() -> Fernet:
    digest = hashlib.sha256(b"second factors: " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def is_verified(user: AbstractBaseUser) -> bool:
    """Whether the account may be used as far as its email address goes."""
    return settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory" or has_verified_email(user)


def end_tokens(user: AbstractBaseUser) -> None:
    """Whoever changes a password wants others out, programs included."""
    get_token_model().objects.filter(user=user).delete()


class ModestArgon2(Argon2PasswordHasher):
    """19 MiB for each login instead of 100: several at once fit into the web process."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
