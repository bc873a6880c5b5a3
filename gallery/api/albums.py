"""The calls about albums."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery import services
from gallery.access import album_for, albums_of, photos_in, photos_of
from gallery.api import serializers as shapes
from gallery.api.errors import Refused
from gallery.models import Scope
from gallery.zipping import TooMany, What, answer_zip


class Albums(APIView):
    scopes = {"GET": Scope.READ, "POST": Scope.UPLOAD}

    @extend_schema(operation_id="albums_list", responses=shapes.AlbumAnswer(many=True))
    def get(self, request: Request) -> Response:
        """Your albums, newest first."""
        return Response(shapes.AlbumAnswer(services.shelves(albums_of(request)), many=True).data)

    @extend_schema(request=shapes.AlbumRequest, responses={201: shapes.OneAlbumAnswer, 422: shapes.ErrorAnswer})
    def post(self, request: Request) -> Response:
        """A new, empty album."""
        sent = shapes.AlbumRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            created = services.create_album(request.user, sent.validated_data["title"])
        except services.AlbumRefused as refusal:
            raise Refused(str(refusal)) from refusal
        return Response(_describe(request, created.pk), status=201)


class OneAlbum(APIView):
    scopes = {"GET": Scope.READ, "PATCH": Scope.UPLOAD, "DELETE": Scope.UPLOAD}

    @extend_schema(responses={200: shapes.OneAlbumAnswer, 404: shapes.ErrorAnswer})
    def get(self, request: Request, album_id: int) -> Response:
        """One album with the ids of its photos."""
        return Response(_describe(request, album_for(request, album_id).pk))

    @extend_schema(
        request=shapes.AlbumChange,
        responses={200: shapes.OneAlbumAnswer, 404: shapes.ErrorAnswer, 422: shapes.ErrorAnswer},
    )
    def patch(self, request: Request, album_id: int) -> Response:
        """Change the title or the cover."""
        album = album_for(request, album_id)
        sent = shapes.AlbumChange(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        if "cover" in asked and not services.choose_cover(album.pk, asked["cover"]):
            raise Refused(_("This photo is not in the album."))
        if "title" in asked:
            try:
                services.rename_album(album.pk, asked["title"])
            except services.AlbumRefused as refusal:
                raise Refused(str(refusal)) from refusal
        return Response(_describe(request, album.pk))

    @extend_schema(responses={204: None, 404: shapes.ErrorAnswer})
    def delete(self, request: Request, album_id: int) -> Response:
        """Deletes the album; its photos stay."""
        services.delete_album(album_for(request, album_id).pk)
        return Response(status=204)


class AlbumPhotos(APIView):
    scopes = {"POST": Scope.UPLOAD, "DELETE": Scope.UPLOAD}

    @extend_schema(
        request=shapes.AlbumPhotos,
        responses={200: shapes.AlbumPhotosAnswer, 404: shapes.ErrorAnswer, 422: shapes.ErrorAnswer},
    )
    def post(self, request: Request, album_id: int) -> Response:
        """Add photos at the end, in the order given. Those that are there stay where they are."""
        album, ids = album_for(request, album_id), _ids(request)
        mine = set(photos_of(request).filter(pk__in=ids).values_list("pk", flat=True))
        if missing := [str(pk) for pk in ids if pk not in mine]:
            raise Refused(_("There is no photo %(ids)s.") % {"ids": ", ".join(missing[:10])})
        return Response({"changed": services.add_to_album(album.pk, ids)})

    @extend_schema(
        request=shapes.AlbumPhotos,
        responses={200: shapes.AlbumPhotosAnswer, 404: shapes.ErrorAnswer, 422: shapes.ErrorAnswer},
    )
    def delete(self, request: Request, album_id: int) -> Response:
        """Take photos out of the album; they stay in the gallery."""
        album = album_for(request, album_id)
        return Response({"changed": services.remove_from_album(album.pk, _ids(request))})


class AlbumDownload(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(
        parameters=[OpenApiParameter("what", str, enum=What.values, default=What.BOTH.value)],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            404: shapes.ErrorAnswer,
            422: shapes.ErrorAnswer,
        },
    )
    def get(self, request: Request, album_id: int) -> HttpResponseBase:
        """The album as a zip: pictures in color, originals or both, and for each photo a .json that tells of both."""
        album = album_for(request, album_id)
        what = request.query_params.get("what", What.BOTH)
        if what not in What:
            raise Refused(_("what is one of %(values)s.") % {"values": ", ".join(What.values)})
        try:
            return answer_zip(photos_in(request, album.pk), What(what), title=album.title)
        except TooMany as refusal:
            raise Refused(str(refusal)) from refusal


def _describe(request: Request, album_id: int) -> dict[str, Any]:
    shelf = services.shelves(albums_of(request).filter(pk=album_id))[0]
    ids = list(services.entries_of(album_id).values_list("photo_id", flat=True))
    return {**shapes.AlbumAnswer(shelf).data, "photos": ids}


def _ids(request: Request) -> list[int]:
    sent = shapes.AlbumPhotos(data=request.data)
    sent.is_valid(raise_exception=True)
    return list(dict.fromkeys(sent.validated_data["photos"]))
