"""What the documents promise: every variable of the environment is listed, and the compose file uses no other."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest import skipIf

import yaml
from django.conf import settings
from django.test import SimpleTestCase

from worker.tasks import colorize

ROOT = Path(settings.BASE_DIR)
INTERPOLATED = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)")
# Of the compose file alone: the database's password, the proxy's address and ports, numbers of workers, and builds.
FOR_COMPOSE = {
    *("POSTGRES_PASSWORD", "SITE_ADDRESS", "HTTP_PORT", "HTTPS_PORT", "COLORIZE_WORKERS", "TORCH_INDEX"),
}
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.gpu.yml")


def variables_read() -> set[str]:
    """The names that settings and its modules read through env, and run.py from the environment it is given."""
    return {
        call.args[0].value
        for module in (ROOT / "photolab_site").glob("*.py")
        for call in ast.walk(ast.parse(module.read_text()))
        if isinstance(call, ast.Call) and is_read(call.func)
    }


def is_read(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    owner, name = function.value.id, function.attr
    return (owner == "env" and name.startswith("read_")) or (owner == "environment" and name == "get")


def variables_in_readme() -> set[str]:
    """The first column of the rows whose first cell is a name in capitals: | `PORT` | `8000` | ..."""
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert len(rows) == len(set(rows)), "a variable stands twice in README's table"
    return set(rows)


def variables_in_example() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {line.split("=")[0] for line in lines if line and not line.startswith("#")}


def uvicorn_port() -> str:
    return re.search(r"--port=(\d+)", (ROOT / "Dockerfile").read_text())[1]


class VariablesTests(SimpleTestCase):
    def test_readme_lists_exactly_what_is_read(self) -> None:
        self.assertIn("PHOTOLAB_DATA", variables_read())
        self.assertEqual(variables_read(), variables_in_readme())

    def test_the_example_for_compose_names_only_what_is_read(self) -> None:
        self.assertEqual(set(), variables_in_example() - variables_read() - FOR_COMPOSE)


class ComposeTests(SimpleTestCase):
    compose: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.text = (ROOT / "docker-compose.yml").read_text()
        cls.compose = yaml.safe_load(cls.text)

    def site_services(self) -> dict[str, dict[str, Any]]:
        return {name: service for name, service in self.compose["services"].items() if "build" in service}

    def test_it_has_every_part(self) -> None:
        parts = {"migrate", "web", "worker", "trainer", "upkeep", "postgres", "redis", "storage", "proxy"}
        self.assertEqual(parts, self.compose["services"].keys())

    def test_only_the_proxy_is_reached_from_outside(self) -> None:
        self.assertEqual(["proxy"], [name for name, one in self.compose["services"].items() if "ports" in one])
        self.assertTrue(self.compose["networks"]["inside"]["internal"])
        for name in ("postgres", "redis", "storage"):
            self.assertEqual(["inside"], self.compose["services"][name]["networks"])
        self.assertEqual(["outside"], self.compose["services"]["proxy"]["networks"])
        self.assertIn(f"reverse_proxy web:{uvicorn_port()} ", (ROOT / "Caddyfile").read_text())
        self.assertIn("respond @figures 404", (ROOT / "Caddyfile").read_text())

    def test_the_bucket_has_the_name_and_the_keys_that_the_site_asks_by(self) -> None:
        site, storage = self.compose["x-site"]["environment"], self.compose["services"]["storage"]
        self.assertIn(f"-bucket={site['PHOTOLAB_S3_BUCKET']}", storage["command"])
        self.assertEqual(storage["environment"]["AWS_ACCESS_KEY_ID"], site["PHOTOLAB_S3_ACCESS_KEY"])
        self.assertEqual(storage["environment"]["AWS_SECRET_ACCESS_KEY"], site["PHOTOLAB_S3_SECRET_KEY"])

    def test_everything_but_the_migration_is_started_again(self) -> None:
        restarts = {name: one["restart"] for name, one in self.compose["services"].items()}
        self.assertEqual(restarts.pop("migrate"), "no")
        self.assertEqual(set(restarts.values()), {"unless-stopped"})

    def test_workers_on_cards_are_built_for_them(self) -> None:
        cards = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())["services"]
        self.assertEqual(cards.keys(), {"worker", "trainer"})
        for name, card in cards.items():
            with self.subTest(name):
                self.assertEqual(card["build"]["args"], {"TORCH": "cuda"})
                self.assertNotEqual(card["image"], self.compose["services"][name]["image"])
                self.assertEqual(card["environment"], {"PHOTOLAB_DEVICE": "cuda"})
                (device,) = card["deploy"]["resources"]["reservations"]["devices"]
                self.assertEqual(device["capabilities"], ["gpu"])

    @skipIf(shutil.which("docker-compose") is None, "docker-compose is not installed")
    def test_docker_compose_itself_reads_both_files(self) -> None:
        secrets = {"SECRET_KEY": "s", "POSTGRES_PASSWORD": "p", "PHOTOLAB_S3_SECRET_KEY": "k"}
        for files in (COMPOSE_FILES[:1], COMPOSE_FILES):
            flags = [word for file in files for word in ("-f", file)]
            command = ["docker-compose", "--env-file", ".env.example", *flags, "config", "--quiet"]
            for environment, returncode in ((secrets, 0), ({}, 1)):
                told = subprocess.run(
                    command, cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, check=False
                )
                self.assertEqual(told.returncode, returncode, told.stderr)

    def test_what_it_asks_for_is_in_the_example(self) -> None:
        self.assertEqual(set(INTERPOLATED.findall(self.text)), variables_in_example())

    def test_its_services_are_given_only_variables_that_are_read(self) -> None:
        for name, service in self.site_services().items():
            with self.subTest(name):
                self.assertEqual(set(), set(service["environment"]) - variables_read())
                self.assertIn("DATABASE_URL", service["environment"])
                self.assertIn("REDIS_URL", service["environment"])

    def test_whoever_serves_is_watched_and_given_time_to_end(self) -> None:
        for name in ("web", "worker", "trainer", "upkeep", "postgres", "redis", "storage", "proxy"):
            with self.subTest(name):
                self.assertIn("test", self.compose["services"][name]["healthcheck"])
                self.assertRegex(self.compose["services"][name]["stop_grace_period"], r"^\d+s$")

    def test_a_worker_is_given_longer_than_a_job_may_take(self) -> None:
        grace = self.compose["services"]["worker"]["stop_grace_period"]
        self.assertGreater(int(grace.removesuffix("s")), colorize.time_limit)

    def test_workers_are_watched_by_their_hearts_each_for_its_queue(self) -> None:
        for name, queue in (("worker", "colorize"), ("trainer", "train")):
            watch = self.compose["services"][name]["healthcheck"]["test"]
            self.assertEqual(watch, ["CMD", "python", "manage.py", "worker_lives", queue])

    def test_every_volume_is_declared(self) -> None:
        mounted = [one for service in self.compose["services"].values() for one in service.get("volumes", [])]
        used = {volume.split(":")[0] for volume in mounted if not volume.startswith("./")}
        self.assertEqual(used, self.compose["volumes"].keys())

    def test_the_broker_keeps_its_messages(self) -> None:
        command = " ".join(self.compose["services"]["redis"]["command"])
        self.assertIn("--appendonly yes", command)
        self.assertIn("--maxmemory-policy noeviction", command)

    def test_every_stage_that_is_built_exists_and_the_web_has_no_torch(self) -> None:
        stages = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
        self.assertEqual(stages, ["web", "torch_cpu", "torch_cuda", "worker", "trainer"])
        for service in self.site_services().values():
            self.assertIn(service["build"]["target"], stages)
        self.assertNotIn("torch", re.sub(r"#.*", "", (ROOT / "requirements-web.txt").read_text()))

    def test_what_the_image_copies_exists(self) -> None:
        for source in re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE):
            self.assertTrue((ROOT / source).exists(), source)
