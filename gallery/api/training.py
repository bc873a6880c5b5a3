"""The calls of the retraining loop, for staff with the right that each of them names. What they do is in services."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery import services
from gallery.api import training_shapes as shapes
from gallery.api.errors import Conflict, Refused, refusals_of
from gallery.api.permits import HasScope
from gallery.api.serializers import ErrorAnswer
from gallery.models import Admission, ModelVersion, Scope, TrainingRun
from gallery.rights import PROMOTE, START_TRAINING, TO_SEE_RUNS, TO_SEE_VERSIONS, rights_to_cancel
from gallery.sentences import said
from gallery.services.photos import clean_file_name
from gallery.services.training import ONE_WAITS

FOR_STAFF = {401: ErrorAnswer, 403: ErrorAnswer}


def for_whom(*rights: str) -> str:
    return f"This is for staff with the right {' or '.join(rights)}."


def staff_with(*rights: str) -> tuple[type[BasePermission], ...]:
    """Any of the rights is enough, and superusers have all."""

    class StaffWithRight(BasePermission):
        message = for_whom(*rights)

        def has_permission(self, request: Request, view: APIView) -> bool:
            return request.user.is_staff and any(request.user.has_perm(right) for right in rights)

    return IsAuthenticated, HasScope, StaffWithRight


class CollectedImages(APIView):
    scopes = {"POST": Scope.TRAIN}
    parser_classes = (MultiPartParser,)
    permission_classes = staff_with("gallery.add_collectedimage")

    @extend_schema(
        request={"multipart/form-data": shapes.CollectRequest},
        responses={
            201: shapes.CollectAnswer,
            200: shapes.CollectAnswer,
            422: ErrorAnswer,
            503: ErrorAnswer,
            **FOR_STAFF,
        },
    )
    def post(self, request: Request) -> Response:
        """Give one color picture to training. 422 says why training will not learn from it.

        The same bytes again get the same answer as at first, with 200 and `duplicate` in place of 201.
        """
        sent = shapes.CollectRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        with refusals_of(file):
            collected = services.collect_upload(request.user, file)
        image = collected.image
        if image.status != Admission.INCLUDED:
            raise Refused(f"{clean_file_name(file.name)}: {said(image.reason) or image.get_status_display()}")
        if collected.is_duplicate:
            return Response({"id": image.pk, "duplicate": True})
        return Response({"id": image.pk}, status=201)


class TrainingRuns(APIView):
    scopes = {"POST": Scope.TRAIN}
    permission_classes = staff_with(START_TRAINING)

    @extend_schema(
        request=shapes.StartRequest,
        responses={201: shapes.StartAnswer, 409: ErrorAnswer, 422: ErrorAnswer, **FOR_STAFF},
    )
    def post(self, request: Request) -> Response:
        """Start retraining; while one run is under way, the new one waits for its end. 409 when one waits already."""
        sent = shapes.StartRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        asked: dict[str, Any] = dict(sent.validated_data)
        images, note = asked.pop("images"), asked.pop("note", "")
        image_ids = None if images == shapes.ALL else images
        with refused_starts():
            run = services.start_run(request.user, services.RunSettings(**asked), image_ids=image_ids, note=note)
        return Response(shapes.StartAnswer(run).data, status=201)


class OneTrainingRun(APIView):
    scopes = {"GET": Scope.TRAIN}
    permission_classes = staff_with("gallery.view_trainingrun", *TO_SEE_RUNS)

    @extend_schema(responses={200: shapes.RunAnswer, 404: ErrorAnswer, **FOR_STAFF})
    def get(self, request: Request, run_id: int) -> Response:
        """How far a training run is."""
        return Response(shapes.RunAnswer(_run(run_id)).data)


class TrainingRunCancel(APIView):
    scopes = {"POST": Scope.TRAIN}
    permission_classes = staff_with(START_TRAINING, PROMOTE)

    @extend_schema(request=None, responses={200: shapes.RunAnswer, 404: ErrorAnswer, 409: ErrorAnswer, **FOR_STAFF})
    def post(self, request: Request, run_id: int) -> Response:
        """Cancel a run that waits or is under way; its worker notices within seconds.

        Who may promote may cancel what compares a candidate; what trains needs the right to start.
        """
        run = _run(run_id)
        rights = rights_to_cancel(run)
        if not any(map(request.user.has_perm, rights)):
            raise PermissionDenied(for_whom(*rights))
        if not services.cancel_run(run.pk):
            raise Conflict("This training run has ended already.")
        return Response(shapes.RunAnswer(_run(run_id)).data)


class ModelVersions(APIView):
    scopes = {"GET": Scope.TRAIN}
    permission_classes = staff_with("gallery.view_modelversion", *TO_SEE_VERSIONS)

    @extend_schema(operation_id="model_versions_list", responses={200: shapes.VersionAnswer(many=True), **FOR_STAFF})
    def get(self, request: Request) -> Response:
        """All versions of the generator, newest first."""
        return Response(shapes.VersionAnswer(ModelVersion.objects.all(), many=True).data)


class ModelVersionPromote(APIView):
    scopes = {"POST": Scope.TRAIN}
    permission_classes = staff_with(PROMOTE)

    @extend_schema(
        request=shapes.PromoteRequest,
        responses={200: shapes.VersionAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer, **FOR_STAFF},
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Make a candidate active, or roll back to a retired version.

        422: the gate has not let it pass, and no `reason` was given. 409: no reason would help.
        """
        sent = shapes.PromoteRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        version = ModelVersion.objects.filter(pk=version_id).first()
        if version is None:
            raise NotFound("There is no such version.")
        try:
            promoted = services.promote_version(version.pk, request.user, **sent.validated_data)
        except services.PromotionRefused as refusal:
            a_reason_helps = services.can_be_overridden(version) and not sent.validated_data["reason"].strip()
            raise (Refused if a_reason_helps else Conflict)(str(refusal)) from refusal
        return Response(shapes.VersionAnswer(promoted).data)


class ModelVersionGate(APIView):
    scopes = {"POST": Scope.TRAIN}
    permission_classes = staff_with(PROMOTE)

    @extend_schema(
        request=None,
        responses={201: shapes.StartAnswer, 404: ErrorAnswer, 409: ErrorAnswer, 422: ErrorAnswer, **FOR_STAFF},
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Compare a candidate with the version that is active now, in a run that can be followed and canceled.

        422: it is no candidate, or has been compared with that version. 409 when a run waits already.
        """
        version = ModelVersion.objects.select_related("compared_with").filter(pk=version_id).first()
        if version is None:
            raise NotFound("There is no such version.")
        with refused_starts():
            run = services.start_judging(version, request.user)
        return Response(shapes.StartAnswer(run).data, status=201)


@contextmanager
def refused_starts() -> Iterator[None]:
    try:
        yield
    except services.TrainingRefused as refusal:
        raise (Conflict if str(refusal) == gettext(ONE_WAITS) else Refused)(str(refusal)) from refusal


def _run(run_id: int) -> TrainingRun:
    run = TrainingRun.objects.select_related("version").filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such training run.")
    return run
