"""What Photo-Lab asks of the accounts application beyond its settings."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.PHOTOLAB_SIGNUP_OPEN


class ModestArgon2(Argon2PasswordHasher):
    """19 MiB for each login instead of 100: several at once fit into the web process."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
