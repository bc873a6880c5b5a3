"""The law of imports and the measures of the rooms, read from the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase

ROOMS = ("photolab_site", "gallery", "colorizer", "worker")
FORBIDDEN = {
    "photolab_site": {"gallery", "colorizer", "worker", "torch", "torchvision", "skimage"},
    "gallery": {"torch", "torchvision", "skimage", "colorizer", "worker", "photolab_site"},
    "colorizer": {"django", "celery", "storages", "rest_framework", "gallery", "worker", "photolab_site"},
    "worker": set(),
}
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_VIEW = 260, 40, 30
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "manager", "managers"}
# A task is the last one who can record a failure of any kind as a state of its job.
BROAD_EXCEPT_ALLOWED = {"worker/tasks.py"}


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    for room in rooms:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR).as_posix()
            if "/migrations/" not in name:
                yield name, ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    """The first parts of all names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


class ImportTests(SimpleTestCase):
    def test_no_room_imports_what_it_must_not_know(self) -> None:
        for room, forbidden in FORBIDDEN.items():
            for name, tree in modules(room):
                with self.subTest(name):
                    self.assertEqual(imported(tree) & forbidden, set())

    def test_nobody_imports_the_worker(self) -> None:
        for name, tree in modules("photolab_site", "gallery", "colorizer"):
            self.assertNotIn("worker", imported(tree), name)

    def test_the_law_would_notice(self) -> None:
        tree = ast.parse("def f():\n    from torch.nn import functional\n    import worker.tasks as t")
        self.assertEqual(imported(tree), {"torch", "worker"})

    def test_the_web_process_holds_no_torch_after_use(self) -> None:
        script = (
            "import sys, django; from photolab_site.asgi import application; "
            "from django.test import Client; from django.urls import get_resolver; "
            "get_resolver().url_patterns; from gallery.api import views; from django.contrib import admin; "
            "admin.autodiscover(); "
            "heavy = {'torch', 'torchvision', 'skimage', 'scipy', 'numpy', 'colorizer', 'worker'}; "
            "print(sorted(heavy & set(sys.modules)))"
        )
        told = subprocess.run(
            [sys.executable, "-c", script], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
        )
        self.assertEqual(told.stdout.strip(), "[]")


class MeasureTests(SimpleTestCase):
    def test_modules_say_what_lives_in_them_and_are_short(self) -> None:
        for name, tree in modules(*ROOMS):
            source = (settings.BASE_DIR / name).read_text()
            with self.subTest(name):
                self.assertLessEqual(len(source.splitlines()), LONGEST_MODULE)
                if source.strip():
                    self.assertIsNotNone(ast.get_docstring(tree), "no docstring")

    def test_functions_are_short_and_annotated(self) -> None:
        for name, tree in modules(*ROOMS):
            limit = LONGEST_VIEW if "/views" in name else LONGEST_FUNCTION
            for function in functions(tree):
                with self.subTest(f"{name}: {function.name}"):
                    self.assertLessEqual(function.end_lineno - function.lineno + 1, limit)
                    self.assertIsNotNone(function.returns, "no annotation of what it returns")

    def test_broad_excepts_are_where_they_may_be(self) -> None:
        for name, tree in modules(*ROOMS):
            for node in ast.walk(tree):
                if isinstance(node, ast.ExceptHandler) and name not in BROAD_EXCEPT_ALLOWED:
                    caught = "everything" if node.type is None else ast.unparse(node.type)
                    with self.subTest(f"{name}:{node.lineno}"):
                        self.assertNotIn(caught, {"everything", "Exception", "BaseException"})

    def test_file_names_say_something(self) -> None:
        for name, _ in modules(*ROOMS, "tests"):
            self.assertNotIn(Path(name).stem, NAMES_THAT_SAY_NOTHING)

    def test_the_environment_is_read_in_one_place(self) -> None:
        for name, tree in modules("gallery", "colorizer", "worker"):
            reads = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            self.assertEqual(reads & {"os.environ", "os.getenv"}, set(), name)

    def test_rows_are_reached_through_their_owner(self) -> None:
        """In pages and API, photos and jobs come from gallery.access; workers and counts are nobody's secret."""
        for name, tree in modules("gallery/views", "gallery/api"):
            if name == "gallery/views/health.py":
                continue
            reads = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            self.assertEqual(reads & {"Photo.objects", "Job.objects", "Result.objects"}, set(), name)
