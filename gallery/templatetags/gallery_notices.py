"""The bars that every page of somebody who is logged in may carry."""

from typing import Any

from django import template
from django.template import Context

from gallery import services

register = template.Library()


@register.inclusion_tag("gallery/_batch_notices.html", takes_context=True)
def batch_notices(context: Context) -> dict[str, Any]:
    """What the visitor uploaded together and is done; it stays until it is put away or was seen."""
    return {"batches": services.notices_of(context["user"])}
