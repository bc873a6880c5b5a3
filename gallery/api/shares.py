"""The calls for links: make them for a photo or an album, list them, take them back."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery import services
from gallery.access import album_for, photo_for, share_for, shares_of
from gallery.api.errors import Busy, Refused
from gallery.api.serializers import ErrorAnswer
from gallery.images import SiteBusy
from gallery.models import Album, Photo, Scope, Share
from gallery.sentences import said
from gallery.services.sharing import DEFAULT_DAYS, LONGEST_PASSWORD, MOST_DAYS, SHORTEST_PASSWORD
from gallery.views.sharing import whole_address


class ShareRequest(serializers.Serializer):
    expires_days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, default=DEFAULT_DAYS, allow_null=True, help_text="null: the link never ends."
    )
    password = serializers.CharField(
        min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD, trim_whitespace=False, default="", allow_blank=True
    )
    allow_download = serializers.BooleanField(default=True)
    show_location = serializers.BooleanField(
        default=False, help_text="Files go out as they are, with place, camera and all other notes."
    )
    mark = serializers.BooleanField(default=False, help_text="A small mark in the corner of pictures in color.")


class ShareAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    photo = serializers.IntegerField(source="photo_id", allow_null=True)
    album = serializers.IntegerField(source="album_id", allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    has_password = serializers.SerializerMethodField()
    allow_download = serializers.BooleanField()
    show_location = serializers.BooleanField()
    mark = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    opened = serializers.IntegerField(source="opened_count")
    opened_at = serializers.DateTimeField(allow_null=True, help_text="The last time.")

    def get_url(self, share: Share) -> str:
        return whole_address(self.context["request"], reverse("shared", args=[share.token]))

    def get_has_password(self, share: Share) -> bool:
        return bool(share.password)


class ShareList(serializers.Serializer):
    shares = ShareAnswer(many=True)


MADE = {201: ShareAnswer, 404: ErrorAnswer, 422: ErrorAnswer, 503: ErrorAnswer}


class PhotoShares(APIView):
    scopes = {"POST": Scope.SHARE}

    @extend_schema(request=ShareRequest, responses=MADE)
    def post(self, request: Request, photo_id: int) -> Response:
        """A link that opens the photo for whoever has it, without an account."""
        return _share(request, photo_for(request, photo_id))


class AlbumShares(APIView):
    scopes = {"POST": Scope.SHARE}

    @extend_schema(request=ShareRequest, responses=MADE)
    def post(self, request: Request, album_id: int) -> Response:
        """A link that opens the album, as it is at that time."""
        return _share(request, album_for(request, album_id))


class Shares(APIView):
    scopes = {"GET": Scope.SHARE}

    @extend_schema(operation_id="shares_list", responses=ShareList)
    def get(self, request: Request) -> Response:
        """Your links that open something now, newest first."""
        return Response(ShareList({"shares": shares_of(request).live()}, context={"request": request}).data)


class OneShare(APIView):
    scopes = {"DELETE": Scope.SHARE}

    @extend_schema(responses={204: None, 404: ErrorAnswer})
    def delete(self, request: Request, share_id: int) -> Response:
        """Take a link back: it opens nothing from now on."""
        services.revoke_share(share_for(request, share_id).pk)
        return Response(status=204)


def _share(request: Request, subject: Photo | Album) -> Response:
    sent = ShareRequest(data=request.data)
    sent.is_valid(raise_exception=True)
    terms: dict[str, Any] = sent.validated_data
    try:
        share = services.create_share(subject, services.ShareTerms(**terms))
    except SiteBusy as refusal:
        raise Busy(said(str(refusal))) from refusal
    except services.ShareRefused as refusal:
        raise Refused(said(str(refusal))) from refusal
    return Response(ShareAnswer(share, context={"request": request}).data, status=201)
