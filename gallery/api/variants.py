"""The calls for variants: order the same photograph in other colors, list what there is."""

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery import services
from gallery.access import job_for, photo_for
from gallery.api.errors import Refused
from gallery.api.idempotency import KEY_PARAMETER, idempotent
from gallery.api.parsers import JSONParser
from gallery.api.serializers import ErrorAnswer, JobBrief
from gallery.api.views import FILE
from gallery.models import Result, Scope
from gallery.settings_words import settings_in_words
from gallery.variants import NETWORK_SIZES, SettingsRefused, VariantSettings
from gallery.views.stored import answer_result_file

BLUE_DRESS = OpenApiExample(
    "A blue dress, and a wall that stays grey",
    value={
        "hints": [{"x": 420, "y": 310, "radius": 12, "color": "#2f5fa8"}],
        "keep_grey": [{"x": 80, "y": 60, "radius": 40}],
        "vividness": 1.2,
    },
    request_only=True,
)


class GreySpot(serializers.Serializer):
    x = serializers.FloatField(help_text="Pixels of the upright photograph at full size.")
    y = serializers.FloatField()
    radius = serializers.FloatField()


class ColorSpot(GreySpot):
    color = serializers.CharField(help_text="#rrggbb")


class VariantRequest(serializers.Serializer):
    """For the OpenAPI page; gallery.variants checks what comes."""

    hints = ColorSpot(many=True, required=False)
    keep_grey = GreySpot(many=True, required=False)
    vividness = serializers.FloatField(required=False, help_text="0 to 2; 1 is as the model says it.")
    warmth = serializers.FloatField(required=False, help_text="-1, cool, to 1, warm.")
    network_size = serializers.ChoiceField(
        NETWORK_SIZES, required=False, help_text="The short side in pixels that the network sees."
    )
    flip_averaged = serializers.BooleanField(
        required=False, help_text="The mean of the photograph's colors and its mirror image's."
    )
    model_version = serializers.IntegerField(
        required=False, allow_null=True, help_text="Number of a version that was in use once; null for the one in use."
    )


class ResultAnswer(serializers.Serializer):
    job = serializers.IntegerField(source="job_id")
    shown = serializers.SerializerMethodField(help_text="Whether it is what /photos/{id}/result gives.")
    model_version = serializers.IntegerField(source="model_version.number", allow_null=True, default=None)
    model_name = serializers.CharField()
    settings = VariantRequest(help_text="Everything that the generator was told.")
    in_words = serializers.SerializerMethodField()
    format = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField(source="byte_size")
    duration_s = serializers.FloatField()
    created_at = serializers.DateTimeField()

    def get_shown(self, result: Result) -> bool:
        return result == self.context["shown"]

    def get_in_words(self, result: Result) -> str:
        return settings_in_words(result.settings)

    def to_representation(self, result: Result) -> dict:
        return {**super().to_representation(result), "settings": result.settings}


class ResultList(serializers.Serializer):
    results = ResultAnswer(many=True)


class PhotoJobs(APIView):
    scopes = {"POST": Scope.COLOR}
    parser_classes = (JSONParser,)

    @extend_schema(
        operation_id="jobs_order",
        parameters=[KEY_PARAMETER],
        request=VariantRequest,
        responses={201: JobBrief, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer},
        examples=[BLUE_DRESS],
    )
    @idempotent
    def post(self, request: Request, photo_id: int) -> Response:
        """Color the photograph once more, as told. What was there stays.

        While such a job waits or runs, the same order is that job; once it has ended, the same order is another job,
        unless the call is repeated with its Idempotency-Key.
        """
        photo = photo_for(request, photo_id)
        try:
            job = services.order_variant(photo, VariantSettings.parse(request.data))
        except services.PhotoGone as gone:
            raise NotFound(str(gone)) from gone
        except SettingsRefused as refused:
            raise Refused(str(refused)) from refused
        return Response(JobBrief(job).data, status=201)


class PhotoResults(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(responses={200: ResultList, 404: ErrorAnswer})
    def get(self, request: Request, photo_id: int) -> Response:
        """All color pictures of the photograph, the one that is shown first."""
        photo = photo_for(request, photo_id)
        return Response(ResultList({"results": photo.results}, context={"shown": photo.shown_result}).data)


class JobResult(APIView):
    scopes = {"GET": Scope.READ}

    @extend_schema(responses=FILE)
    def get(self, request: Request, job_id: int) -> HttpResponseBase:
        """The color picture that this job made, at full size, whether it is shown or not."""
        job = job_for(request, job_id)
        if not job.has_result:
            raise NotFound(_("not colored yet"))
        return answer_result_file(request, job, "image", as_attachment=True)
