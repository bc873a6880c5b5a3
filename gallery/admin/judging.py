"""The page where staff judge a candidate by eye beside the active version, not knowing which is which."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.crypto import salted_hmac
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gallery import services
from gallery.admin.base import WithPages
from gallery.delivery import answer_file
from gallery.models import ModelVersion, Vote
from gallery.rights import ADD_VOTE, PROMOTE

LEFT, RIGHT = "left", "right"


@dataclass(frozen=True)
class Pair:
    """One photograph for one judge. `place` is its place in their order, from 0."""

    place: int
    photograph: str
    keys: dict[str, str]  # by what the address calls them: left, right, grey
    version_is: str  # LEFT or RIGHT
    errors: tuple[float | None, float | None]  # of the version, and of the one beside it


def why_not_judged(version: ModelVersion) -> str:
    """One sentence; empty when there is something to compare."""
    active = services.active_version()
    if not version.comparisons:
        return _("There are no pictures of this version to compare.")
    if active is not None and version.pk == active.pk:
        return _("This version is active; the next candidate will be compared with it.")
    if active is None or version.compared_with_id != active.pk:
        return _("Another version is active since its pictures were made, so a comparison would not say much.")
    return ""


def pairs_for(version: ModelVersion, judge: AbstractBaseUser) -> list[Pair]:
    """Worst regressions first, the others in an order that is random for each judge, as the sides are.

    Both come from a secret, so that a reload changes nothing and nobody can work out which is which.
    """

    def chance(*about: object) -> int:
        return int(salted_hmac("judging", f"{version.pk} {judge.pk} {about}").hexdigest(), 16)

    def order(told: dict[str, Any]) -> tuple[float, int]:
        worse = (told["candidate_error"] or 0) - (told["active_error"] or 0)
        return -max(worse, 0.0), chance("order", told["photograph"])

    pairs = []
    for place, told in enumerate(sorted(version.comparisons, key=order)):
        side = (LEFT, RIGHT)[chance("side", told["photograph"]) % 2]
        other = RIGHT if side == LEFT else LEFT
        keys = {side: told["candidate_key"], other: told["active_key"], "grey": told["grey_key"]}
        errors = (told["candidate_error"], told["active_error"])
        pairs.append(Pair(place, told["photograph"], keys, side, errors))
    return pairs


class JudgePage(WithPages):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        picture = "<int:version_id>/judge/<int:place>/<str:side>.jpg"
        return [
            path("<int:version_id>/judge/", wrap(self.judge_view), name="gallery_modelversion_judge"),
            path(picture, wrap(self.picture_view), name="gallery_modelversion_picture"),
            *super().get_urls(),
        ]

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ADD_VOTE) or request.user.has_perm(PROMOTE)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def judge_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        self.require(request, ADD_VOTE, PROMOTE)
        version = self.find(request, version_id)
        if why_not := why_not_judged(version):
            return self._show(request, version, {"why_not": why_not})
        pairs = pairs_for(version, request.user)
        if request.method == "POST":
            return self._record(request, version, pairs)
        votes = Vote.objects.filter(version=version, against=version.compared_with, by=request.user)
        judged = dict(votes.values_list("photograph", "prefers_version"))
        after = request.GET.get("after", "")
        passed_by = int(after) if after.isascii() and after.isdecimal() else -1
        open_pairs = [pair for pair in pairs if pair.photograph not in judged]
        now = next((pair for pair in open_pairs if pair.place > passed_by), None)
        context = {"total": len(pairs), "judged": len(judged), "skipped": len(open_pairs), "pair": now}
        if not open_pairs:
            context["revealed"] = [(pair, judged[pair.photograph]) for pair in pairs]
        return self._show(request, version, context)

    def _show(self, request: HttpRequest, version: ModelVersion, context: dict[str, Any]) -> HttpResponseBase:
        votes = services.count_votes(version)
        return self.show(request, "judge", title=_("Judge by eye"), original=version, votes=votes, **context)

    def _record(self, request: HttpRequest, version: ModelVersion, pairs: list[Pair]) -> HttpResponseBase:
        place, better = request.POST.get("place", ""), request.POST.get("better")
        if not place.isdecimal() or int(place) >= len(pairs) or better not in (LEFT, RIGHT):
            raise Http404
        pair = pairs[int(place)]
        services.record_vote(version, pair.photograph, prefers_version=better == pair.version_is, by=request.user)
        page = reverse("admin:gallery_modelversion_judge", args=[version.pk])
        return redirect(f"{page}?after={pair.place}")

    @method_decorator(require_safe)
    def picture_view(self, request: HttpRequest, version_id: int, place: int, side: str) -> HttpResponseBase:
        self.require(request, ADD_VOTE, PROMOTE)
        pairs = pairs_for(self.find(request, version_id), request.user)
        if place >= len(pairs) or side not in pairs[place].keys:
            raise Http404
        return answer_file(
            request, pairs[place].keys[side], file_format="JPEG", download_name=f"{side}.jpg", as_attachment=False
        )
