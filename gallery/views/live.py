"""The stream of server-sent events that keeps a page up to date: one for each page, not for each photo."""

import json
from collections.abc import AsyncIterator
from time import monotonic

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from gallery.events import hub

PING_EVERY_S = 15.0
LONGEST_STREAM_S = 600.0


@require_GET
@login_required
async def photo_events(request: HttpRequest) -> StreamingHttpResponse:
    user = await request.auser()
    await sync_to_async(connections.close_all)()  # the stream must not hold the request's connection for minutes
    response = StreamingHttpResponse(stream(user.pk), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


async def stream(owner_id: int) -> AsyncIterator[str]:
    """`hello` means: look at everything that you show. The browser connects again by itself at the end."""
    ends_at = monotonic() + LONGEST_STREAM_S
    with hub.listening(owner_id) as listener:
        yield "retry: 3000\nevent: hello\ndata: {}\n\n"
        while monotonic() < ends_at:
            photo_ids = await listener.wait(PING_EVERY_S)
            if photo_ids is None:
                yield "event: hello\ndata: {}\n\n"
            elif photo_ids:
                yield f"event: photos\ndata: {json.dumps({'ids': sorted(photo_ids)})}\n\n"
            else:
                yield ": ping\n\n"
