"""The calls of the API."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import get_token_model
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery import services
from gallery.access import job_for, photo_for, photos_of
from gallery.accounts import is_verified
from gallery.api import serializers as shapes
from gallery.api.errors import Conflict, Refused, TooManyGuesses, refusals_of
from gallery.api.idempotency import KEY_PARAMETER, idempotent
from gallery.api.permits import CallsOfAccount, TokensOfAddress, UploadsOfAccount
from gallery.dates import TakenOn
from gallery.models import Scope
from gallery.searching import State, find, read_search
from gallery.views.pages import page_of
from gallery.views.stored import answer_photo_file, answer_result_file

FILE = {(200, "image/*"): OpenApiTypes.BINARY, 404: shapes.ErrorAnswer}


class Tokens(APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (TokensOfAddress,)

    @extend_schema(
        request=shapes.TokenRequest,
        responses={201: shapes.TokenAnswer, 401: shapes.ErrorAnswer, 429: shapes.ErrorAnswer},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """A token for name (or e-mail address) and password; it is shown this once."""
        asked = shapes.TokenRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        try:  # by way of the adapter, which counts the wrong guesses of pages and API together
            user = get_adapter().authenticate(request._request, **asked.validated_data)
        except ValidationError as error:
            raise TooManyGuesses(" ".join(error.messages)) from error
        if user is None or not user.is_active:
            raise AuthenticationFailed(_("The name or the password is wrong."))
        if is_mfa_enabled(user):
            raise AuthenticationFailed(_("This account logs in by two steps: make a key on its page."))
        if not is_verified(user):
            raise AuthenticationFailed(_("The email address of this account is not confirmed yet."))
        _key, token = get_token_model().objects.create(user=user)
        return Response({"token": token}, status=201)


class Photos(APIView):
    scopes = {"GET": Scope.READ, "POST": Scope.UPLOAD}
    parser_classes = (MultiPartParser,)
    throttle_classes = (CallsOfAccount, UploadsOfAccount)

    @extend_schema(
        operation_id="photos_list",
        parameters=[
            OpenApiParameter("before", str, description="`next` of the page before"),
            OpenApiParameter("q", str, description="words, each in the title or the name of the file"),
            OpenApiParameter("from", str, description="taken then or later: 1923, 1923-06 or 1923-06-15"),
            OpenApiParameter("to", str, description="taken then or earlier, the whole year or month included"),
            OpenApiParameter("album", int, description="in the album of this id"),
            OpenApiParameter("state", str, enum=State.values),
        ],
        responses={200: shapes.PhotoPage, 422: shapes.ErrorAnswer},
    )
    def get(self, request: Request) -> Response:
        """Your photos, newest first; those that match all that is asked for. Those in the trash are not there."""
        search = read_search(request.query_params)
        if search.errors:
            raise Refused(" ".join(search.errors))
        photos, cursor = page_of(find(photos_of(request), search), request)
        return Response(shapes.PhotoPage({"photos": photos, "next": cursor}).data)

    @extend_schema(
        parameters=[KEY_PARAMETER],
        request={"multipart/form-data": shapes.UploadRequest},
        responses={
            201: shapes.UploadAnswer,
            200: shapes.UploadAnswer,
            409: shapes.ErrorAnswer,
            413: shapes.ErrorAnswer,
            422: shapes.ErrorAnswer,
            503: shapes.ErrorAnswer,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload one photograph. 200 with `duplicate` when the same bytes are here already."""
        sent = shapes.UploadRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        with refusals_of(file):
            uploaded = services.upload_photo(request.user, file)
        answer = dict(shapes.UploadAnswer(uploaded.photo).data)
        if uploaded.is_duplicate:
            return Response({**answer, "duplicate": True})
        return Response(answer, status=201)


class OnePhoto(APIView):
    scopes = {"GET": Scope.READ, "PATCH": Scope.UPLOAD, "DELETE": Scope.UPLOAD}

    @extend_schema(responses={200: shapes.PhotoAnswer, 404: shapes.ErrorAnswer})
    def get(self, request: Request, photo_id: int) -> Response:
        """One photo: its facts, its latest job, and whether there is a result to fetch."""
        return Response(shapes.PhotoAnswer(photo_for(request, photo_id)).data)

    @extend_schema(
        request=shapes.PhotoChange,
        responses={200: shapes.PhotoAnswer, 404: shapes.ErrorAnswer, 422: shapes.ErrorAnswer},
    )
    def patch(self, request: Request, photo_id: int) -> Response:
        """Change the title or when it was taken; what is left out stays as it is."""
        photo = photo_for(request, photo_id)
        sent = shapes.PhotoChange(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = {"title": photo.title, "taken": TakenOn.of(photo)} | sent.validated_data
        services.describe_photo(photo.pk, **asked)
        return Response(shapes.PhotoAnswer(photo_for(request, photo_id)).data)

    @extend_schema(responses={204: None, 404: shapes.ErrorAnswer})
    def delete(self, request: Request, photo_id: int) -> Response:
        """Moves the photo to the trash, where it is deleted after 30 days; it can be restored on the pages."""
        services.trash_photos([photo_for(request, photo_id).pk])
        return Response(status=204)


class PhotoOriginal(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(responses=FILE)
    def get(self, request: Request, photo_id: int) -> HttpResponseBase:
        """The uploaded file, byte for byte."""
        return answer_photo_file(request, photo_for(request, photo_id), "original", as_attachment=True)


class PhotoResult(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(responses=FILE)
    def get(self, request: Request, photo_id: int) -> HttpResponseBase:
        """The color picture at full size: the newest, or the one that you went back to since."""
        result = photo_for(request, photo_id).shown_result
        if result is None:
            raise NotFound(_("not colored yet"))
        return answer_result_file(request, result.job, "image", as_attachment=True)


class OneJob(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(responses={200: shapes.JobAnswer, 404: shapes.ErrorAnswer})
    def get(self, request: Request, job_id: int) -> Response:
        """How far a job is: its state, its place in the queue, and why it failed."""
        return Response(shapes.describe_job(job_for(request, job_id)))


class UnknownAddress(APIView):
    """Whatever else is asked below /api/."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(_("The API has no such address."))


class JobCancel(APIView):
    scopes = {"POST": Scope.COLOR}

    @extend_schema(request=None, responses={200: shapes.JobAnswer, 404: shapes.ErrorAnswer, 409: shapes.ErrorAnswer})
    def post(self, request: Request, job_id: int) -> Response:
        """Cancel a job that waits or is under way. 409 when it has ended already."""
        job = job_for(request, job_id)
        if not services.cancel(job.pk):
            raise Conflict(_("This job has ended already."))
        return Response(shapes.describe_job(job_for(request, job_id)))
