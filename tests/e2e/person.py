"""Somebody who has of everything that the site's pages can show, and where to find it."""

import httpx
from django.conf import settings
from django.urls import URLPattern, reverse

from gallery.urls import urlpatterns
from tests import pictures
from tests.e2e.pages import PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import ApiVisitor, FormVisitor

COLORED_WITHIN_S = 90  # while the worker still loads its generator
WORD = "seven red bicycles"
TEMPLATES = settings.BASE_DIR / "templates" / "gallery"
PAGES_BEFORE = ("account_login", "account_signup", "account_reset_password", "account_reset_password_done")
ACCOUNT_PAGES = (
    "account_email",
    "account_change_password",
    "account_logout",
    "account_reauthenticate",
    "account_inactive",
    "account_email_verification_sent",
    "account_reset_password_from_key_done",
)
# The site's own words for what it refuses, each by an address that is answered so.
REFUSALS = {"/photos/?" + 1001 * "a&": 400, "/admin/login/": 403, "/nowhere/": 404}


class PersonTestCase(PageTestCase):
    """Two photographs in color, four proposals for one of them, an album, and links."""

    session: httpx.Cookies | None = None
    ids: dict[str, object]

    def setUp(self) -> None:
        super().setUp()
        if PersonTestCase.session is None:
            member = self.member("olga")
            PersonTestCase.ids = self.furnish(member)
            PersonTestCase.session = member.http.cookies
        self.let_olga_in(self.context, self.url)

    def furnish(self, member: FormVisitor) -> dict[str, object]:
        """What the addresses of her pages name."""
        api = ApiVisitor(self.url, "olga")
        self.addCleanup(api.close)
        orders = [api.order(pictures.jpeg((900, 600), mark=mark)) for mark in (1, 2)]
        wait_until(lambda: all(api.state(job_id) == "done" for _, job_id in orders), within_s=COLORED_WITHIN_S)
        (older, job_id), (newer, _) = orders
        self.propose_four(member, older)
        album = api.http.post("/albums", json={"title": "The farm"}).json()["id"]
        api.http.post(f"/albums/{album}/photos", json={"photos": [older, newer]})
        link = api.http.post(f"/albums/{album}/shares", json={"allow_download": True}).json()
        locked = api.http.post(f"/photos/{older}/shares", json={"password": WORD}).json()
        return {
            "photo_id": older,
            "newer": newer,
            "job_id": job_id,
            "album_id": album,
            "share_id": link["id"],
            "token": token_of(link),
            "locked": token_of(locked),
            "number": 1,
        }

    def propose_four(self, member: FormVisitor, photo_id: int) -> None:
        member.send(reverse("photo_sheet", args=[photo_id]), {}, to=reverse("photo_four", args=[photo_id]))
        done = "SELECT count(*) FROM gallery_job WHERE is_proposal AND status = 'done'"
        wait_until(lambda: self.stack.rows(done) == [(4,)], within_s=COLORED_WITHIN_S)

    def let_olga_in(self, context: object, url: str) -> None:
        context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": url} for cookie in self.session.jar])

    def pages(self) -> dict[str, int]:
        """Hers, and how each is answered. A page has the name of its template, so that a new one is not forgotten."""
        named = {template.stem for template in TEMPLATES.glob("[!_]*.html")}
        known = [pattern for pattern in urlpatterns if arguments_of(pattern) <= self.ids.keys()]
        hers = [pattern.name for pattern in known if pattern.name in named]
        others = self.others()
        self.assertEqual(named - set(hers), others.keys())
        pages = dict.fromkeys([*map(self.address, hers), *map(reverse, ACCOUNT_PAGES)], 200)
        for answers in others.values():
            pages |= answers
        old = [
            reverse("account_confirm_email", args=["old"]),
            reverse("account_reset_password_from_key", args=["1", "old"]),
        ]
        return pages | dict.fromkeys(old, 200) | REFUSALS | {reverse("language"): 403}

    def others(self) -> dict[str, dict[str, int]]:
        """By their templates: pages that have another name, or are shown in the place of one."""
        spoiled = {"token": self.ids["token"], "picture": self.ids["newer"], "kind": "original"}
        return {
            "share": {self.address("photo_share"): 200, self.address("album_share"): 200},
            "shared_password": {reverse("shared", args=[self.ids["locked"]]): 200},
            "shared_nothing": {reverse("shared", args=["nothing"]): 404},
            "shared_refused": {reverse("shared_file", kwargs=spoiled): 422},
        }

    def address(self, name: str) -> str:
        """Of a page of hers."""
        pattern = next(pattern for pattern in urlpatterns if pattern.name == name)
        return reverse(name, kwargs={argument: self.ids[argument] for argument in arguments_of(pattern)})


def token_of(link: dict[str, str]) -> str:
    return link["url"].rstrip("/").rsplit("/", 1)[-1]


def arguments_of(pattern: URLPattern) -> set[str]:
    return set(pattern.pattern.regex.groupindex) | set(getattr(pattern.pattern, "converters", {}))
