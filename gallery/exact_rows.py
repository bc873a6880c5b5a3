"""Django's JSON lines, but with times to the microsecond, which Django's own cut to the millisecond.

Which of two results is shown, and what a page has heard of, is decided by such times.
"""

from datetime import datetime
from typing import Any

from django.core.serializers import jsonl
from django.core.serializers.json import DjangoJSONEncoder


class ExactEncoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Serializer(jsonl.Serializer):
    def serialize(self, queryset: Any, **options: Any) -> Any:
        return super().serialize(queryset, cls=ExactEncoder, **options)


Deserializer = jsonl.Deserializer
