"""Six visitors with everything that an address can name, and requests of theirs that leave nothing behind."""

import re
from collections.abc import Sequence
from unittest.mock import patch

from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connections, transaction
from django.http import HttpResponseBase
from django.test import Client

from gallery import services
from gallery.models import Album, ApiKey, ModelVersion, Scope, Share, TrainingEvaluation, TrainingRun
from tests.access.routes import LOGIN, PARAMETER, VISITORS, Answers
from tests.gallery.admin_rows import AdminRows

NOBODYS_LINK = "no-such-link"
OF_A_ROW = re.compile(r"/admin/(\w+)/(\w+)/<object_id>")


TRIED_AT_ADMIN = ("anonymous", "stranger", "clerk")  # by the quick test; the superuser's pages take time


class Visitors(AdminRows):
    """For test cases that also are GalleryTestCase. All things are the owner's; the guest has a link to the album.

    The clerk is one of the staff without a single right.
    """

    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)
        self.make_every_row()
        Group.objects.create(name="helpers")
        EmailAddress.objects.create(user=self.owner, email=self.owner.email)
        self.people = {
            "stranger": self.stranger,
            "owner": self.owner,
            "clerk": self.make_clerk(),
            "superuser": self.staff,
        }
        self.sessions = {visitor: self.session_of(person) for visitor, person in self.people.items()}
        self.tokens = {
            visitor: services.make_key(person, "table", scopes=list(Scope.values), valid_for=None)[1]
            for visitor, person in self.people.items()
        }
        self.link = services.create_share(Album.objects.get(), services.ShareTerms()).token
        self.tokens["guest"] = self.link
        ModelVersion.objects.update(comparisons=self.make_comparisons(1))
        TrainingEvaluation.objects.update(sample_keys=[self.photo.thumb_key])
        self.thrown_away = self.make_photo(self.owner, mark=7)
        services.trash_photos([self.thrown_away.pk])
        self.named = self.ids()
        # By `forged`. Two for all requests, since each loads the middleware anew.
        self.clients = {forged: Client(raise_request_exception=False, enforce_csrf_checks=forged) for forged in (0, 1)}
        # Here the stream of events shares its connection to the database with all that follows.
        self.enterContext(patch.object(connections, "close_all"))
        # Nobody answers previews here, and nobody need wait for that.
        self.enterContext(patch.object(services.previews, "DOUBT_PATIENCE_S", 0.0))

    def session_of(self, person: object) -> str:
        client = Client()
        client.force_login(person)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def ids(self) -> dict[str, object]:
        """What the parameters of addresses stand for, by their names."""
        evaluation = TrainingEvaluation.objects.latest("pk")
        return {
            "photo_id": self.photo.pk,
            "picture": self.photo.pk,
            "job_id": self.photo.latest_job.pk,
            "result_id": self.photo.shown_result.pk,
            "album_id": Album.objects.get().pk,
            "share_id": Share.objects.latest("pk").pk,
            "batch_id": self.first_of("uploadbatch"),
            "upload_id": self.first_of("partialupload"),
            "key_digest": ApiKey.objects.filter(user=self.owner).first().pk,
            "delivery_id": self.first_of("webhookdelivery"),
            "image_id": self.first_of("collectedimage"),
            "run_id": TrainingRun.objects.latest("pk").pk,
            "evaluation_id": evaluation.pk,
            "version_id": ModelVersion.objects.latest("pk").pk,
            "number": ModelVersion.objects.latest("pk").number,
            "position": 0,
            "place": 0,
            "kind": "thumb",
            "side": "left",
            "app_label": "gallery",
            "object_id": 1,
            "id": self.owner.pk,
            "url": "nowhere",
            "key": "no-such-key",
            "uidb36": "1",
        }

    def first_of(self, model: str) -> object:
        return apps.get_model("gallery", model).objects.first().pk

    def filled(self, address: str, visitor: str) -> str:
        """The address with the owner's ids in it. Only the guest and the owner know the link."""
        values = {**self.named, "token": self.link if visitor in ("guest", "owner") else NOBODYS_LINK}
        if about := OF_A_ROW.match(address):
            rows = apps.get_model(*about.groups()).objects
            row = rows.filter(username=self.owner.username) if about[2] == "user" else rows.all()
            values["object_id"] = getattr(row.first(), "pk", 1)
        elif address.startswith("/trash/"):
            values["photo_id"] = self.thrown_away.pk
        elif address.startswith("/models/"):
            values["kind"] = "candidate"
        elif address.startswith("/admin/gallery/trainingrun/"):
            values["number"] = 0
        return PARAMETER.sub(lambda found: str(values[found[1]]), address)

    def ask(self, visitor: str, method: str, address: str, *, forged: bool = False) -> HttpResponseBase:
        """A request whose changes to the database are undone. `forged` comes from another site: without its token."""
        client, headers = self.clients[forged], {}
        client.cookies.clear()
        if visitor in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[visitor]
        is_call = address.startswith("/api/")
        if is_call and visitor in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[visitor]}"
        content_type = "application/json" if is_call else "application/x-www-form-urlencoded"
        cache.clear()  # limits of rate are tried elsewhere
        with transaction.atomic():
            body = "{}" if is_call and method != "GET" else ""
            answer = client.generic(method, self.filled(address, visitor), body, content_type, headers=headers)
            transaction.set_rollback(True)
        return answer

    def answer(self, visitor: str, method: str, address: str) -> str:
        """As the table has it."""
        answer = self.ask(visitor, method, address)
        to_login = answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
        return LOGIN if to_login else str(answer.status_code)

    def answers(self, method: str, address: str) -> dict[str, str]:
        return {visitor: self.answer(visitor, method, address) for visitor in VISITORS}

    def assert_answered(self, address: str, method: str, expected: Answers, visitors: Sequence[str]) -> None:
        for visitor in visitors:
            with self.subTest(address, method=method, visitor=visitor):
                self.assertEqual(expected[visitor], self.answer(visitor, method, address))
