"""Typed reads of the environment. Each failure is one line that begins with the variable's name.

Only settings.py and what it reads by (security.py) call these; nothing else in the product reads the environment.
"""

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")


def read_text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def read_flag(name: str, default: bool) -> bool:
    word = os.environ.get(name, "").strip().lower()
    if not word:
        return default
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise ImproperlyConfigured(f"{name}: {word!r} is neither 1 nor 0")


def read_positive_int(name: str, default: int) -> int:
    word = os.environ.get(name, "").strip()
    if not word:
        return default
    if word.isdecimal() and int(word) > 0:
        return int(word)
    raise ImproperlyConfigured(f"{name}: {word!r} is not a whole number above 0")


def read_whole_number(name: str, default: int) -> int:
    word = os.environ.get(name, "").strip()
    if not word:
        return default
    if word.isdecimal():
        return int(word)
    raise ImproperlyConfigured(f"{name}: {word!r} is neither 0 nor a whole number above it")


def read_list(name: str, default: str) -> list[str]:
    return [item.strip() for item in read_text(name, default).split(",") if item.strip()]


def read_path(name: str, default: Path) -> Path:
    return Path(read_text(name, str(default))).expanduser().resolve()


def read_optional_path(name: str) -> Path | None:
    return read_path(name, Path()) if read_text(name, "") else None


def read_database(name: str, default: str) -> dict[str, Any]:
    url = read_text(name, default)
    if url.split(":", 1)[0] not in DATABASE_SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in DATABASE_SCHEMES)
        raise ImproperlyConfigured(f"{name}: the address must begin with one of {known}")
    try:
        return dict(environ.Env.db_url_config(url))
    except ValueError:  # whose words, and those below it in a traceback, would tell parts of the password
        raise ImproperlyConfigured(f"{name}: not a database address; a password's / # ? @ have to be escaped") from None


def read_email(name: str, default: str) -> dict[str, Any]:
    try:
        return dict(environ.Env.email_url_config(read_text(name, default)))
    except (KeyError, ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name}: not a mail server's address ({error})") from error
