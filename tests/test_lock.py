"""The locks name every package that is installed, transitive ones too, with the digests of its files."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from django.test import SimpleTestCase
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^\s;]+)(?P<rest>(?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
DIGEST = re.compile(r"--hash=sha256:[0-9a-f]{64}")


LOCKS = {"requirements-web.lock": "requirements-web.txt", "requirements.lock": "requirements-dev.txt"}


def pins(name: str) -> list[Requirement]:
    """Those of a file, and of the files that it includes."""
    found: list[Requirement] = []
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found += pins(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line.split(" #")[0]))
    return found


def entries(lock: str) -> list[re.Match[str]]:
    return list(ENTRY.finditer((ROOT / lock).read_text()))


def locked(lock: str) -> dict[str, set[str]]:
    """Versions by name: of some there is another one for newer Pythons."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        found.setdefault(canonicalize_name(entry["name"]), set()).add(entry["version"])
    return found


class LockTests(SimpleTestCase):
    def test_they_agree_with_what_is_pinned(self) -> None:
        for lock, source in LOCKS.items():
            there = locked(lock)
            for pin in pins(source):
                with self.subTest(pin.name, lock=lock):
                    version = str(pin.specifier).removeprefix("==")
                    self.assertEqual({version}, there.get(canonicalize_name(pin.name)), "Run make lock.")

    def test_every_entry_has_a_digest(self) -> None:
        for lock in LOCKS:
            self.assertGreater(len(entries(lock)), 50)
            for entry in entries(lock):
                self.assertRegex(entry["rest"], DIGEST, entry["name"])

    def test_what_the_pinned_packages_need_is_locked_too(self) -> None:
        for lock, source in LOCKS.items():
            there, waiting, seen = locked(lock), pins(source), set()
            while waiting:
                need = waiting.pop()
                key = (canonicalize_name(need.name), *sorted(need.extras))
                if key in seen or not self.is_meant(need, {""}):
                    continue
                seen.add(key)
                self.assertIn(key[0], there, f"{lock}: run make lock.")
                waiting += [one for one in self.needs_of(key[0]) if self.is_meant(one, need.extras | {""})]

    def needs_of(self, name: str) -> list[Requirement]:
        """Nothing for what is of another system."""
        try:
            return [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:
            return []

    def is_meant(self, need: Requirement, extras: set[str]) -> bool:
        """By its marker, which then has said all that it has to say."""
        meant = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
        need.marker = None
        return meant
