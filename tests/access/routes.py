"""The addresses of the site as the URL configuration has them, and the table of who is answered what there.

A line of the table is an address, methods ("*" for all of METHODS) and one answer for each of VISITORS: a status of
HTTP, or "login" for being sent to the login. What has no line is refused to everybody, by one of UNLISTED.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

VISITORS = ("anonymous", "stranger", "owner", "guest", "clerk", "superuser")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LOGIN = "login"
UNLISTED = {"405", LOGIN, "401"}
FOLDER = Path(__file__).parent / "table"
FILES = {"/admin/": "admin.txt", "/api/": "api.txt", "/accounts/": "accounts.txt", "/": "pages.txt"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

Answers = dict[str, str]  # of each visitor
Table = dict[tuple[str, str], Answers]  # by address and method


def all_addresses() -> list[str]:
    """Each address once, its parameters in angle brackets: /photos/<photo_id>/files/<kind>/."""
    return sorted({PARAMETER.sub(r"<\1>", simplify_regex(path)) for path in _paths(get_resolver().url_patterns)})


def _paths(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        whole = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, whole)
        else:
            yield whole


def read_table() -> Table:
    table: Table = {}
    for name in FILES.values():
        for line in (FOLDER / name).read_text().splitlines()[1:]:
            address, methods, *answers = line.split()
            for method in METHODS if methods == "*" else methods.split(","):
                table[address, method] = dict(zip(VISITORS, answers, strict=True))
    return table


def as_line(address: str, methods: str, answers: Answers) -> str:
    """As it stands in the table."""
    return " ".join([f"{address:<72} {methods:<20}", *(f"{answers[visitor]:<9}" for visitor in VISITORS)]).rstrip()
