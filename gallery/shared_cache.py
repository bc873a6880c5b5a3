"""Django's cache in the broker's server, so that several web processes count together; while it is away, each alone.

Only counting and codes that were used lie there. Losing them is harmless, and so nobody waits for a server in trouble.
"""

import logging
import time
from functools import cache
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

ASK_AGAIN_AFTER_S = 5
MOST_OWN_ENTRIES = 50_000  # what is thrown out when there are more would be forgotten guesses


class Server:
    """The process's way to the server. Django makes a cache for each request; connections and trouble outlast it."""

    def __init__(self, address: str, **options: Any) -> None:
        # Whoever asks waits for no second try, since there is another way.
        self.cache = RedisCache(address, {"OPTIONS": {**options, "retry": Retry(NoBackoff(), 0)}})
        self.ask_again_at = 0.0

    def ask(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        """Raises RedisError at once for some seconds after it was raised by the server."""
        if time.monotonic() < self.ask_again_at:
            raise RedisError("It did not answer a moment ago.")
        try:
            return getattr(self.cache, verb)(*args, **kwargs)
        except RedisError as error:
            self.ask_again_at = time.monotonic() + ASK_AGAIN_AFTER_S
            logger.warning("The broker's server does not answer, so this process counts alone: %s", error)
            raise


@cache
def server_at(address: str, **options: Any) -> Server:
    return Server(address, **options)


class SharedCache(BaseCache):
    def __init__(self, address: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.server = server_at(address, **params.get("OPTIONS", {}))
        self.own = LocMemCache(address, {"OPTIONS": {"MAX_ENTRIES": MOST_OWN_ENTRIES}})

    def ask(self, verb: str, key: str, *args: Any, version: int | None = None, **kwargs: Any) -> Any:
        whole_key = self.make_and_validate_key(key, version=version)
        try:
            return self.server.ask(verb, whole_key, *args, **kwargs)
        except RedisError:
            return getattr(self.own, verb)(whole_key, *args, **kwargs)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self.ask("add", key, value, timeout=timeout, version=version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self.ask("get", key, default, version=version)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self.ask("set", key, value, timeout=timeout, version=version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self.ask("touch", key, timeout=timeout, version=version)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self.ask("delete", key, version=version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""
        return self.ask("incr", key, delta, version=version)

    def clear(self) -> None:
        """Of this process alone. In the server lie the broker's messages, too, and counts end by themselves."""
        self.own.clear()
