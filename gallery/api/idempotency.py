"""Calls that a program may safely repeat: the same Idempotency-Key and body get the answer that was given at first.

Answers are kept for a day, for each person. Errors are not kept: a call that failed may be tried again.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery.api.errors import Conflict, Refused
from gallery.models import KeptAnswer
from gallery.services.keys import ANSWERS_KEPT_FOR

LONGEST_KEY = 255
KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any name of your own for this call. Sent again within 24 hours with the same body, it gets the same "
    "answer, marked by `Idempotency-Replayed: true`, and nothing is made twice. Another body is refused with 422.",
)
# A call that has not answered by then was ended with its process.
UNDER_WAY_FOR = timedelta(minutes=5)


def idempotent(call: Callable[..., Response]) -> Callable[..., Response]:
    """For methods of views that make something."""

    @wraps(call)
    def answer_once(view: APIView, request: Request, **ids: int) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return call(view, request, **ids)
        if len(key) > LONGEST_KEY:
            raise Refused(_("An Idempotency-Key has %(count)d characters at most.") % {"count": LONGEST_KEY})
        digest = digest_of(request)
        kept = _begin(request, key, digest)
        if kept is not None:
            return _answer_again(kept, digest)
        mine = KeptAnswer.objects.filter(owner=request.user, key=key)
        answered = False
        try:
            response = call(view, request, **ids)
            mine.update(status=response.status_code, body=response.data)
            answered = True
        finally:
            if not answered:
                mine.delete()
        return response

    return answer_once


def digest_of(request: Request) -> str:
    """Of address and content. The boundaries of a form are another with each try, so its fields are read."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    is_form = hasattr(request.data, "lists")
    fields = dict(request.data.lists()) if is_form else {"": [request.data]}
    for name in sorted(fields):
        for value in fields[name]:
            if not isinstance(value, File):
                digest.update(f"\n{name} {json.dumps(value, sort_keys=True)}".encode())
                continue
            digest.update(f"\n{name} {value.name} {value.size}\n".encode())
            for chunk in value.chunks():
                digest.update(chunk)
            value.seek(0)
    return digest.hexdigest()


def _begin(request: Request, key: str, digest: str) -> KeptAnswer | None:
    """None: the key is taken for this call. Else what another call with it has left."""
    here = KeptAnswer.objects.filter(owner=request.user, key=key)
    here.filter(
        Q(created_at__lt=Now() - ANSWERS_KEPT_FOR) | Q(status=None, created_at__lt=Now() - UNDER_WAY_FOR)
    ).delete()
    try:
        with transaction.atomic():
            KeptAnswer.objects.create(owner=request.user, key=key, body_digest=digest)
    except IntegrityError:
        kept = here.first()
        if kept is None:
            raise Conflict(_("A call with this Idempotency-Key has just failed. Try again.")) from None
        return kept
    return None


def _answer_again(kept: KeptAnswer, digest: str) -> Response:
    if kept.body_digest != digest:
        raise Refused(_("This Idempotency-Key was used for another call."))
    if kept.status is None:
        raise Conflict(_("A call with this Idempotency-Key is under way."))
    return Response(kept.body, status=kept.status, headers={"Idempotency-Replayed": "true"})
