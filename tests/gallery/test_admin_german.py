"""The admin in German: no page of it says anything in English."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings
from django.db.models.functions import Now
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import override

from gallery import services
from gallery.models import Admission, ModelVersion, WebhookDelivery, Worker
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.gallery.admin_rows import AdminRows
from tests.gallery.training_rows import TrainingRows
from tests.test_messages import Texts

# Words that no German sentence has, and hardly an English one goes without.
ENGLISH = re.compile(r"\b(?:the|of|and|is|are|with|from|this|that|it|its|not|by|yet|at)\b", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
RULE = "Colors are as near to the truth (CIEDE2000), golden set"
WORSE = [{"rule": RULE, "candidate": 11.0, "active": 10.0, "passed": False}]


class InGerman(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.staff)
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"

    def read(self, page: HttpResponse) -> str:
        """What a page says; it is whole and says nothing in English."""
        self.assertEqual(page.status_code, 200)
        texts = Texts()
        texts.feed(SCRIPT.sub("", page.content.decode()))
        said = " ".join(" ".join(texts.said).split())
        found = [said[max(0, hit.start() - 60) : hit.end() + 60] for hit in ENGLISH.finditer(said)]
        self.assertEqual(found, [])
        return said

    def visit(self, name: str, *args: object, order: dict[str, Any] | None = None) -> HttpResponse:
        """This thread stands for the worker as well, and goes on in the language that it had."""
        address = reverse(f"admin:{name}", args=args)
        with override("en"):
            return self.client.get(address) if order is None else self.client.post(address, order, follow=True)

    def open(self, name: str, *args: object, order: dict[str, Any] | None = None) -> str:
        return self.read(self.visit(name, *args, order=order))


class ListsTests(AdminRows, InGerman):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)

    def addresses(self) -> Iterator[tuple[str, object]]:
        for model in apps.get_app_config("gallery").get_models():
            yield f"gallery_{model._meta.model_name}", model.objects.first().pk

    def test_lists_and_rows(self) -> None:
        self.make_every_row()
        ModelVersion.objects.update(gate=WORSE)
        WebhookDelivery.objects.update(payload={})
        for name, pk in self.addresses():
            with self.subTest(name):
                self.open(f"{name}_changelist")
                self.open(f"{name}_change", pk)
        self.assertIn("Albumeinträge", self.open("gallery_albumentry_changelist"))
        self.assertIn("Webhook-Zustellungen", self.open("index"))

    def test_orders_tell_what_they_did(self) -> None:
        waiting = self.make_photo(self.owner, mark=1)
        data = {"action": "cancel", "_selected_action": [waiting.latest_job.pk, self.photo.latest_job.pk]}
        page = self.open("gallery_job_changelist", order=data)
        self.assertIn("Abgebrochene Aufträge: 1; schon vorher beendet: 1.", page)


class RetrainingTests(TrainingRows, InGerman):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.images = self.make_set(self.owner)

    def test_where_the_loop_stands(self) -> None:
        self.make_trained(gate=WORSE)
        self.start()
        page = self.open("retraining")
        for text in ("Nachtraining", "Gesammelte Bilder", "1 Regel der Prüfung verletzt", "Wartet Trainingslauf"):
            self.assertIn(text, page)

    def test_a_plan_and_what_speaks_against_it(self) -> None:
        self.assertIn("12 (einbezogen, und keines doppelt)", self.open("gallery_collectedimage_retrain"))
        usual = {"images": "1,2", "steps": 3, "learning_rate": 1e-4, "base_share": 0.5, "batch_size": 12, "crop": 192}
        page = self.open("gallery_collectedimage_retrain", order={**usual, "start": "1"})
        self.assertIn("Die Zahl der Schritte muss zwischen 8 und 1000000 liegen.", page)
        self.assertIn("mindestens 8 sind nötig.", page)

    def test_sets_and_what_became_of_each_file(self) -> None:
        self.assertIn("Farbfotos, oder Zip-Dateien davon", self.open("gallery_collectedimage_upload"))
        files = [as_upload(pictures.jpeg(), "grau.jpg"), as_upload(b"hello", "x.jpg"), as_upload(b"", "leer.jpg")]
        data = {"files": files, "may_be_learned_from": "on"}
        page = self.visit("gallery_collectedimage_upload", order=data)

        async def read() -> bytes:
            return b"".join([part async for part in page.streaming_content])

        told = async_to_sync(read)().decode()
        for text in ("Es ist grau oder getont", "Das ist kein Foto", "Diese Datei ist leer.", "2 abgewiesen."):
            self.assertIn(text, told)

    def test_a_run_from_its_start_to_its_end(self) -> None:
        run = self.start(adversarial=True)
        self.assertIn("Es läuft kein Trainings-Worker", self.open("gallery_trainingrun_change", run.pk))
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        services.report_progress(claim, services.Progress("Learning", 3, 9, 8.25, 130.0, {"l1": 1.5}))
        self.make_evaluation(claim, figures={"ciede2000": 10.25})
        page = self.open("gallery_trainingrun_change", run.pk)
        for text in (
            "Es wird gelernt",
            "8,2 Bilder pro Sekunde",
            "8 zum Lernen, 4 zurückgehalten",
            "10,25",
            "jetzt 1,5",
        ):
            self.assertIn(text, page)
        Worker.objects.update(beat_at=Now() - timedelta(minutes=1))
        self.assertIn("Sein Worker ist stehen geblieben", self.open("gallery_trainingrun_change", run.pk))
        services.fail_run(claim, "The run has changed nothing: what it made is version 2 (a).")
        told = self.visit("gallery_trainingrun_state", run.pk).json()
        self.assertEqual(told["error"], "Der Lauf hat nichts verändert: Sein Ergebnis ist Version 2 (a).")
        self.assertEqual(told["state_in_words"], "Gescheitert")
        self.open("gallery_trainingrun_changelist")

    def test_a_version_from_its_verdict_to_its_use(self) -> None:
        first, second = self.make_trained(), self.make_trained(gate=WORSE, comparisons=self.make_comparisons(1))
        page = self.open("gallery_modelversion_change", second.pk)
        self.assertIn("Die Farben sind ebenso nah an der Wahrheit (CIEDE2000), fester Satz", page)
        self.assertIn("Welches ist besser koloriert?", self.open("gallery_modelversion_judge", second.pk))
        services.promote_version(first.pk, self.staff)
        services.finish_judging(self.judging(second), services.Judged(gate=WORSE, compared_with=first.pk))
        page = self.open("gallery_modelversion_change", second.pk)
        self.assertIn(f"Sie hat neben Version 2 ({first.name}) nicht bestanden. Vorher neben Version 1", page)
        self.assertIn("Noch einmal geprüft", self.open("gallery_versionevent_changelist"))
        third = self.make_trained(gate=[{**WORSE[0], "passed": True}])
        page = self.open("gallery_modelversion_promote", third.pk, order={})
        self.assertIn("ist aktiv. Die Worker nehmen sie", page)

    def judging(self, version: ModelVersion) -> services.RunClaim:
        services.start_judging(version, self.staff)
        return self.claimed_run()

    def test_a_picture_and_why_it_is_set_aside(self) -> None:
        reason = "It is grey or toned, and teaches no color."
        image = self.make_collected(self.owner, status=Admission.SET_ASIDE, reason=reason)
        self.assertIn("Es ist grau oder getont", self.open("gallery_collectedimage_changelist"))
        self.assertIn("Es ist grau oder getont", self.open("gallery_collectedimage_change", image.pk))
        services.delete_images([image.pk], self.staff)
