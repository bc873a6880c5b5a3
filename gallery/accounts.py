"""What Photo-Lab asks of the accounts application beyond its settings."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.PHOTOLAB_SIGNUP_OPEN
