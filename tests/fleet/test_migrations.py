"""Migrations with data in every table, back to the first and forward again, on SQLite and PostgreSQL."""

from unittest import TestCase

from django.test import tag

from tests.fleet.bare_site import BareSite
from tests.fleet.servers import PostgreSQL


@tag("fleet")
class MigrationTests(TestCase):
    figures = ""

    def test_migrations_go_back_and_forward_with_data_on_sqlite(self) -> None:
        self.walk(self.enterContext(BareSite()))

    def test_migrations_go_back_and_forward_with_data_on_postgresql(self) -> None:
        postgres = self.enterContext(PostgreSQL())
        self.walk(self.enterContext(BareSite(DATABASE_URL=postgres.url)))

    def walk(self, site: BareSite) -> None:
        """What the first migration knew of is untouched by all of it."""
        use = "from tests.fleet.filling import columns, fill, walk\n"
        self.assertEqual(site.inside(use + "answer = fill()"), [])
        newest = site.inside(use + "answer = columns()")
        steps, oldest = site.inside(use + "answer = walk(back=True), columns()")
        self.assertLess(len(oldest), len(newest))
        self.assertEqual(oldest, {name: newest[name] for name in oldest})
        _, again = site.inside(use + "answer = walk(back=False), columns()")
        self.assertEqual(again.keys(), newest.keys())
        self.assertEqual(oldest, {name: again[name] for name in oldest})
        site.manage("check_integrity", "--bytes")
        site.manage("migrate", "gallery", "zero")
        self.assertEqual(site.inside(use + "answer = columns()"), {})
        site.manage("migrate", "--noinput")
        self.assertIn("Rows and files agree", site.manage("check_integrity"))
        self.figures = f"{steps} migrations back and forward, {len(oldest)} columns untouched"
