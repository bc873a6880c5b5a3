"""What holds for every template: the content security policy refuses inline styles and scripts."""

import re
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.test import SimpleTestCase

TEMPLATES = Path(settings.BASE_DIR) / "templates"
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


class TemplateTests(SimpleTestCase):
    def pages(self) -> list[Path]:
        found = sorted(TEMPLATES.rglob("*.html"))
        self.assertGreater(len(found), 30)
        return found

    def test_none_has_an_inline_style_or_script(self) -> None:
        for page in self.pages():
            with self.subTest(page=page.relative_to(TEMPLATES)):
                self.assertIsNone(INLINE.search(page.read_text()))

    def test_each_compiles(self) -> None:
        for page in self.pages():
            with self.subTest(page=page.relative_to(TEMPLATES)):
                get_template(str(page.relative_to(TEMPLATES)))
