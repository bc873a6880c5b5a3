"""Who calls, by a key of theirs, and what the key lets them do. Each call declares the scope that it needs."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from gallery import services
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
