"""Template tags for pictures that the lightbox (static/js/lightbox.js) can show large: their addresses and sizes."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.decoding import PREVIEW_SIDE, bounded
from gallery.models import Photo

register = template.Library()


@register.simple_tag
def viewable(photo: Photo, token: str = "") -> SafeString:
    """Attributes for the element that stands for the photo: what its owner is shown, or a guest with that token."""
    result = photo.shown_result
    if token:
        before, after = (reverse("shared_file", args=[token, photo.pk, kind]) for kind in ("before", "after"))
    else:
        before = reverse("photo_file", args=[photo.pk, "preview"])
        after = reverse("result_file", args=[result.job_id, "preview"]) if result else ""
    width, height = bounded((photo.width, photo.height), PREVIEW_SIDE)
    return format_html(
        'data-view="{}" data-view-id="{}" data-view-before="{}" data-view-width="{}" data-view-height="{}" '
        'data-view-title="{}"',
        after if result else before,
        photo.pk,
        before if result else "",
        width,
        height,
        photo.name,
    )
