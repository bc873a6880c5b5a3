"""Who calls, by a key of theirs, and what the key lets them do. Each call declares the scope that it needs."""

from typing import TYPE_CHECKING

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from gallery import services
from gallery.limits import TOKENS_PER_ADDRESS, seconds_to_wait, upload_wait
from gallery.models import ApiKey, Scope

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView


class KeyAuthentication(TokenAuthentication):
    """Authorization: Bearer <token>."""

    def validate_user(self, auth_token: ApiKey) -> tuple[object, ApiKey]:
        validated = super().validate_user(auth_token)
        services.note_use(auth_token)
        return validated


def needed_scopes(view: "APIView | type[APIView]", method: str) -> list[str]:
    """By `scopes` of the view, method to Scope. A call that declares none needs all of them."""
    declared = getattr(view, "scopes", {}).get("GET" if method == "HEAD" else method)
    return [declared] if declared else list(Scope.values)


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        missing = [scope for scope in needed_scopes(view, request.method) if scope not in request.auth.scopes]
        self.message = _("This key lacks the scope %(scopes)s.") % {"scopes": ", ".join(missing)}
        return not missing


class Throttle(BaseThrottle):
    """Answers 429 with the seconds to wait."""

    wait_s = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.wait_s = self.count(request)
        return not self.wait_s

    def count(self, request: Request) -> int:
        """Seconds to wait, as of limits.seconds_to_wait."""
        raise NotImplementedError

    def wait(self) -> int:
        return self.wait_s


class CallsOfAccount(Throttle):
    def count(self, request: Request) -> int:
        if not request.user.is_authenticated:
            return 0
        return seconds_to_wait("calls", str(request.user.pk), settings.PHOTOLAB_API_CALLS_PER_MINUTE)


class UploadsOfAccount(Throttle):
    def count(self, request: Request) -> int:
        return upload_wait(request) if request.method == "POST" else 0


class TokensOfAddress(Throttle):
    def count(self, request: Request) -> int:
        address = get_adapter().get_client_ip(request._request)
        return seconds_to_wait("tokens", address, TOKENS_PER_ADDRESS)
