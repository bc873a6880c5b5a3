"""What the editor asks for as JSON: quick previews, likely colors, doubt, and the orders for variants.

A preview is made by a coloring worker; the view waits for its row. Every error is {"error": one sentence}.
"""

import asyncio
import base64
import json
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery import services
from gallery.access import photo_for
from gallery.doubt import doubt_sentence
from gallery.models import Photo, Preview
from gallery.variants import SettingsRefused, VariantSettings

LOOK_EVERY_S = 0.02


@require_POST
@login_required
async def photo_preview(request: HttpRequest, photo_id: int) -> HttpResponse:
    """The photograph in the colors of the settings that were sent, as a JPEG of preview size."""

    def ask() -> int:
        photo, asked = photo_for(request, photo_id), read_settings(request)
        services.check_version(asked)
        return services.ask_for_preview(photo, Preview.Kind.PICTURE, asked.as_json())

    try:
        answer = await _answer_of(await sync_to_async(ask)())
    except (SettingsRefused, services.PreviewRefused) as refused:
        return _error(refused)
    return HttpResponse(answer.picture, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_safe
@login_required
async def photo_palette(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Likely colors at the place x, y in pixels of the photograph, most likely first."""

    def ask() -> int:
        photo = photo_for(request, photo_id)
        return services.ask_for_preview(photo, Preview.Kind.PALETTE, _read_place(request, photo))

    try:
        answer = await _answer_of(await sync_to_async(ask)())
    except (SettingsRefused, services.PreviewRefused) as refused:
        return _error(refused)
    return JsonResponse(answer.told)


@require_safe
@login_required
async def photo_doubt(request: HttpRequest, photo_id: int) -> HttpResponse:
    """A map to be laid over the photograph, strongest where the model is least sure, and one sentence."""

    def ask() -> int:
        return services.ask_for_preview(photo_for(request, photo_id), Preview.Kind.DOUBT, {})

    try:
        answer = await _answer_of(await sync_to_async(ask)(), within_s=services.previews.DOUBT_PATIENCE_S)
    except services.PreviewRefused as refused:
        return _error(refused)
    drawn = "data:image/png;base64," + base64.b64encode(answer.picture).decode()
    return JsonResponse({"map": drawn, "sentence": doubt_sentence(answer.told["share"]), **answer.told})


@require_POST
@login_required
def photo_variant(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Orders the photograph in these colors, at full size."""
    photo = photo_for(request, photo_id)
    try:
        job = services.order_variant(photo, read_settings(request))
    except SettingsRefused as refused:
        return _error(refused)
    return JsonResponse({"job_id": job.pk}, status=201)


@require_POST
@login_required
def photo_four(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Orders the contact sheet: four variants to choose from, of which none is shown before it is chosen."""
    is_form = request.content_type != "application/json"  # sent by a person
    try:
        jobs = services.order_four(photo_for(request, photo_id))
    except SettingsRefused as refused:
        if not is_form:
            return _error(refused)
        messages.error(request, str(refused))
    if is_form:
        return redirect("photo_sheet", photo_id=photo_id)
    return JsonResponse({"job_ids": [job.pk for job in jobs]}, status=201)


def read_settings(request: HttpRequest) -> VariantSettings:
    """From the body, which is JSON. Raises SettingsRefused."""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise SettingsRefused(_("The settings must be sent as JSON.")) from error
    return VariantSettings.parse(value)


def _read_place(request: HttpRequest, photo: Photo) -> dict[str, float]:
    """Each 0..1 of the photograph's sides. Raises SettingsRefused."""
    try:
        x, y = float(request.GET.get("x", "")) / photo.width, float(request.GET.get("y", "")) / photo.height
    except ValueError:
        x = y = -1.0
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise SettingsRefused(_("The place must be given as x and y, in pixels of the photograph."))
    return {"x": x, "y": y}


async def _answer_of(preview_id: int, *, within_s: float | None = None) -> services.PreviewAnswer:
    """Waits for it, and when the page does not any more, nobody makes it. Raises PreviewRefused."""
    ends_at = monotonic() + (within_s or services.previews.PATIENCE_S)
    try:
        while monotonic() < ends_at:
            answer = await sync_to_async(services.look_at_preview)(preview_id)
            if answer is not None:
                return answer
            await asyncio.sleep(LOOK_EVERY_S)
    except asyncio.CancelledError:
        await sync_to_async(services.give_up_preview)(preview_id)
        raise
    raise await sync_to_async(services.give_up_preview)(preview_id)


def _error(refused: Exception) -> JsonResponse:
    status: Any = getattr(refused, "status", 422)
    return JsonResponse({"error": str(refused)}, status=status)
