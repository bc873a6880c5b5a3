"""Every error of the API is {"error": one sentence} with the fitting status."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from gallery.images import ImageRefused, SiteBusy
from gallery.sentences import said
from gallery.services import QuotaReached
from gallery.services.photos import clean_file_name


class Refused(APIException):
    """What was sent was understood and cannot be used."""

    status_code = 422
    default_code = "refused"


class Conflict(APIException):
    status_code = 409
    default_code = "conflict"


class TooManyGuesses(APIException):
    status_code = 429
    default_code = "throttled"


class DayIsFull(APIException):
    """`wait` becomes Retry-After."""

    status_code = 429
    default_code = "quota"

    def __init__(self, sentence: str, *, wait_s: int) -> None:
        super().__init__(sentence)
        self.wait = wait_s


class Busy(APIException):
    status_code = 503
    default_code = "busy"


@contextmanager
def refusals_of(upload: File) -> Iterator[None]:
    """What speaks against a picture becomes the answer, with the name of the file."""
    try:
        yield
    except SiteBusy as refusal:
        raise Busy(said(str(refusal))) from refusal
    except QuotaReached as refusal:
        sentence = said(str(refusal))
        raise (DayIsFull(sentence, wait_s=refusal.wait_s) if refusal.wait_s else Refused(sentence)) from refusal
    except ImageRefused as refusal:
        raise Refused(f"{clean_file_name(upload.name)}: {said(str(refusal))}") from refusal


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.status_code = 422
        response.data = {"error": " ".join(_sentences(response.data))}
    else:
        response.data = {"error": str(response.data.get("detail", _("This did not work.")))}
    return response


def _sentences(details: Any) -> list[str]:
    if isinstance(details, dict):
        return [f"{name}: {text}" for name, inner in details.items() for text in _sentences(inner)]
    if isinstance(details, list):
        return [text for inner in details for text in _sentences(inner)]
    return [str(details)]
