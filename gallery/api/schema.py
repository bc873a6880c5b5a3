"""What the OpenAPI page says of every call beyond its own words: the key, the scope, and the errors that all share."""

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.openapi import AutoSchema

from gallery.api.permits import needed_scopes

ABOUT = """Upload black-and-white photographs, follow their jobs, fetch them in color.

Each call needs a key with the scope that it names, sent as `Authorization: Bearer photolab_...`. Keys are made on the
account's page, or by POST /tokens. Every error is `{"error": "one sentence"}`.
[Examples in curl and Python](/scripts/).

## All calls
"""
KEY_MISSING = "The key is missing, wrong, revoked or expired."
NOT_ALLOWED = "The key lacks the scope, or its account the right."
NOT_FOUND = "There is no such thing, or it is somebody else's."
TOO_LARGE = "The request is larger than any photograph may be."
UNFIT = "What was sent was understood and cannot be used; the sentence says why."
CONFLICT = "It was too late, or something else is under way."
THROTTLED = "Too many calls, uploads or tries; Retry-After says after how many seconds it goes on."
BUSY = "The site is busy; the same again works in a minute."
WORDS = {
    "401": KEY_MISSING,
    "403": NOT_ALLOWED,
    "413": TOO_LARGE,
    "404": NOT_FOUND,
    "409": CONFLICT,
    "422": UNFIT,
    "429": THROTTLED,
    "503": BUSY,
}
ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}


class KeyScheme(KnoxTokenScheme):
    target_class = "gallery.api.permits.KeyAuthentication"
    name = "key"


class ScopedSchema(AutoSchema):
    def get_description(self) -> str:
        told = super().get_description()
        if not hasattr(self.view, "scopes"):
            return told
        return f"{told}\n\nScope of the key: `{needed_scopes(self.view, self.method)[0]}`.".strip()


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What the page begins with, 401 and 403 wherever a key is asked for, and what each error means."""
    result["info"]["description"] = ABOUT
    result["components"]["schemas"]["ErrorAnswer"]["example"] = {"error": NOT_FOUND}
    for methods in result["paths"].values():
        for call in methods.values():
            if call.get("security"):
                for status in ("401", "403", "429"):
                    call["responses"].setdefault(status, {"content": ERROR})
            for status, response in call["responses"].items():
                if status in WORDS:
                    response["description"] = WORDS[status]
            call["responses"] = dict(sorted(call["responses"].items()))
    return result
