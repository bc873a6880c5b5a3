"""What Prometheus reads, who may read it, and that the dashboard asks for nothing else."""

import json
import re
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.test import override_settings
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from gallery import services
from gallery.models import Cause, Job, Worker
from photolab_site import watching
from tests.base import GalleryTestCase
from worker import meters

NAME = re.compile(r"photolab_\w+")
TOKEN = "a token for prometheus"


@override_settings(PHOTOLAB_METRICS_TOKEN=TOKEN)
class ReadingTestCase(GalleryTestCase):
    def read(self) -> dict[str, float]:
        """Each sample as `name{label="value"}`: its value."""
        answer = self.client.get(reverse("metrics"), headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual(answer.status_code, 200)
        told = {}
        for family in text_string_to_metric_families(answer.content.decode()):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                told[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return told


class MetricsTests(ReadingTestCase):
    def test_the_queue_and_its_age_come_from_the_rows(self) -> None:
        self.assertEqual(self.read()['photolab_oldest_queued_seconds{priority="interactive"}'], 0)
        job = self.make_photo(self.owner).jobs.get()
        Job.objects.filter(pk=job.pk).update(queued_at=Now() - timedelta(seconds=90))
        told = self.read()
        self.assertEqual(told['photolab_jobs{priority="interactive",state="queued"}'], 1)
        self.assertEqual(told['photolab_jobs{priority="batch",state="running"}'], 0)
        self.assertAlmostEqual(told['photolab_oldest_queued_seconds{priority="interactive"}'], 90, delta=2)

    def test_the_ends_of_the_last_hour_are_counted_by_state_and_cause(self) -> None:
        self.make_colored(self.owner, mark=1)
        old = self.make_colored(self.owner, mark=2)
        long_ago = Now() - timedelta(hours=2)
        Job.objects.filter(photo=old).update(changed_at=long_ago, ended_at=long_ago)
        services.fail(self.claimed(self.make_photo(self.owner, mark=3)), "It is too large.", Cause.MEMORY)
        told = self.read()
        self.assertEqual(told['photolab_jobs_ended_last_hour{state="done"}'], 1)
        self.assertEqual(told['photolab_jobs_ended_last_hour{state="failed"}'], 1)
        self.assertEqual(told['photolab_jobs_failed_last_hour{cause="memory"}'], 1)
        self.assertEqual(told['photolab_jobs_failed_last_hour{cause="file"}'], 0)

    def test_what_workers_count_is_passed_on_with_their_names(self) -> None:
        meters.tell_done(3.0, {"decode": 0.03})
        for name in ("host:1", "host:2"):
            state = services.WorkerState(model_name="photolab-5", model_number=1, samples=meters.told())
            services.beat(self.make_worker(name).pk, state)
        silent = self.make_worker("host:3")
        services.beat(silent.pk, services.WorkerState(samples=meters.told()))
        Worker.objects.filter(pk=silent.pk).update(beat_at=Now() - timedelta(minutes=1))
        told = self.read()
        for name in ("host:1", "host:2"):
            self.assertGreaterEqual(told[f'photolab_stage_seconds_count{{stage="decode",worker="{name}"}}'], 1)
            self.assertGreater(told[f'photolab_worker_process_resident_memory_bytes{{worker="{name}"}}'], 1e6)
            self.assertIn(
                f'photolab_worker_up{{device="cpu",model="photolab-5",queue="colorize",version="1",worker="{name}"}}',
                told,
            )
        self.assertFalse([sample for sample in told if "host:3" in sample])

    def test_a_process_that_goes_on_as_another_worker_is_told_once(self) -> None:
        """Prometheus refuses a page on which a sample stands twice."""
        for _ in range(2):
            services.beat(self.make_worker("host:1").pk, services.WorkerState(samples=meters.told()))
        page = self.client.get(reverse("metrics"), headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
        samples = [line.rsplit(" ", 1)[0] for line in page.splitlines() if not line.startswith("#")]
        self.assertEqual(len(samples), len(set(samples)))

    def test_requests_are_timed_by_view_and_by_methods_that_exist(self) -> None:
        name = 'photolab_request_seconds_count{method="GET",status="2xx",view="home"}'
        before = self.read().get(name, 0)
        self.client.get(reverse("home"))
        self.client.generic("BREW", reverse("home"))
        told = self.read()
        self.assertEqual(told[name], before + 1)
        self.assertIn('photolab_request_seconds_count{method="other",status="4xx",view="home"}', told)
        self.assertFalse([sample for sample in told if "BREW" in sample])

    def test_the_active_version_is_told(self) -> None:
        self.assertEqual(self.read()['photolab_active_version{model=""}'], 0)
        version = services.ensure_shipped_version(name="photolab-9", digest="9" * 64, card={})
        self.assertEqual(self.read()['photolab_active_version{model="photolab-9"}'], version.number)


class DashboardTests(ReadingTestCase):
    """docs/grafana-dashboard.json"""

    def test_its_panels_ask_only_for_what_is_told(self) -> None:
        meters.tell_done(1.0, {"color": 0.1})
        services.beat(self.make_worker().pk, services.WorkerState(samples=meters.told()))
        self.client.get(reverse("home"))
        told = {sample.partition("{")[0] for sample in self.read()}
        panels = json.loads((settings.BASE_DIR / "docs" / "grafana-dashboard.json").read_text())["panels"]
        asked = {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}
        self.assertGreater(len(asked), 10)
        self.assertEqual(asked - told, set())


class AccessTests(GalleryTestCase):
    def status(self, **headers: str) -> int:
        return self.client.get(reverse("metrics"), headers=headers).status_code

    def test_without_settings_nobody_finds_it(self) -> None:
        self.client.force_login(self.staff)
        self.assertEqual(self.status(), 404)
        self.assertEqual(self.status(Authorization="Bearer "), 404)

    @override_settings(PHOTOLAB_METRICS_TOKEN=TOKEN)
    def test_a_wrong_token_finds_nothing(self) -> None:
        self.assertEqual(self.status(Authorization="Bearer guessed"), 404)
        self.assertEqual(self.status(Authorization=TOKEN), 404)
        self.assertEqual(self.status(Authorization=f"Bearer {TOKEN}"), 200)

    def test_an_address_of_the_networks_needs_no_token(self) -> None:
        for networks, status in (("10.0.0.0/8", 404), ("10.0.0.0/8,127.0.0.1", 200)):
            with (
                self.subTest(networks),
                override_settings(PHOTOLAB_METRICS_FROM=watching.networks_of(networks.split(","))),
            ):
                self.assertEqual(self.status(), status)
