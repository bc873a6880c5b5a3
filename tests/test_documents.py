"""What the documents promise: every variable of the environment is listed, and the compose file uses no other."""

import ast
import re
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.test import SimpleTestCase

ROOT = Path(settings.BASE_DIR)
INTERPOLATED = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)")
# Of the compose file alone: the password between the site and its database.
FOR_COMPOSE = {"POSTGRES_PASSWORD"}


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
        parts = {"migrate", "web", "worker", "trainer", "upkeep", "postgres", "redis"}
        self.assertEqual(parts, self.compose["services"].keys())

    def test_what_it_asks_for_is_in_the_example(self) -> None:
        self.assertEqual(set(INTERPOLATED.findall(self.text)), variables_in_example())

    def test_its_services_are_given_only_variables_that_are_read(self) -> None:
        for name, service in self.site_services().items():
            with self.subTest(name):
                self.assertEqual(set(), set(service["environment"]) - variables_read())
                self.assertIn("DATABASE_URL", service["environment"])
                self.assertIn("REDIS_URL", service["environment"])

    def test_whoever_serves_is_watched_and_given_time_to_end(self) -> None:
        for name in ("web", "worker", "trainer", "postgres", "redis"):
            with self.subTest(name):
                self.assertIn("test", self.compose["services"][name]["healthcheck"])
                self.assertRegex(self.compose["services"][name]["stop_grace_period"], r"^\d+s$")

    def test_workers_are_watched_by_their_hearts_each_for_its_queue(self) -> None:
        for name, queue in (("worker", "colorize"), ("trainer", "train")):
            watch = self.compose["services"][name]["healthcheck"]["test"]
            self.assertEqual(watch, ["CMD", "python", "manage.py", "worker_lives", queue])

    def test_every_volume_is_declared(self) -> None:
        used = {
            volume.split(":")[0]
            for service in self.compose["services"].values()
            for volume in service.get("volumes", [])
        }
        self.assertEqual(used, self.compose["volumes"].keys())

    def test_the_broker_keeps_its_messages(self) -> None:
        command = " ".join(self.compose["services"]["redis"]["command"])
        self.assertIn("--appendonly yes", command)
        self.assertIn("--maxmemory-policy noeviction", command)

    def test_every_stage_that_is_built_exists_and_the_web_has_no_torch(self) -> None:
        stages = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
        for service in self.site_services().values():
            self.assertIn(service["build"]["target"], stages)
        self.assertNotIn("torch", re.sub(r"#.*", "", (ROOT / "requirements-web.txt").read_text()))

    def test_what_the_image_copies_exists(self) -> None:
        for source in re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE):
            self.assertTrue((ROOT / source).exists(), source)
