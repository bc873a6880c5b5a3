"""What each line of the logs says beside its message: the request, the job and the attempt that it is about.

    with logs.about(job=12, attempt=1): ...

holds for every line that is written inside, whoever writes it, in this thread.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

TOLD = ("job", "attempt", "request_id")

_about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039  never changed in place


@contextmanager
def about(**what: Any) -> Iterator[None]:
    """`what` is named as in TOLD."""
    token = _about.set({**_about.get(), **what})
    try:
        yield
    finally:
        _about.reset(token)


class About(logging.Filter):
    """Gives each record what holds where it is written; what the line itself says by `extra` goes first."""

    def filter(self, record: logging.LogRecord) -> bool:
        hide_path(record)
        for name, value in _about.get().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        words = [f"{name} {getattr(record, name)}" for name in TOLD if hasattr(record, name)]
        record.about = f" [{', '.join(words)}]" if words else ""
        return True


def hide_path(record: logging.LogRecord) -> None:
    """Django's lines about a request name its path, which may be a secret link: its pattern says enough."""
    path = getattr(getattr(record, "request", None), "path", None)
    if path is None or not isinstance(record.args, tuple):
        return
    match = record.request.resolver_match
    pattern = match.route if match else "an address"
    record.args = tuple(pattern if word == path else word for word in record.args)
