"""Every text that people read goes through gettext, and has its translation."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.checkers import checkers
from django.conf import settings
from django.test import SimpleTestCase
from django.utils.translation import override

from gallery.sentences import FROM_OTHERS, said
from tools import messages

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# The API's page is for those who program, and in English, as the examples of programs are; elements are markup alone.
NOT_TRANSLATED = ("drf_spectacular/", "gallery/examples/", "allauth/elements/")
TRANSLATED = re.compile(r"{% (blocktranslate|comment)\b.*?{% end\1 %}", re.DOTALL)
TAGS = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
CODE = {"code", "kbd", "pre"}
NAMES = {"API", "Photo", "Lab", "UTC"}
WORD = re.compile(r"(?<![\w#])[A-Za-z]{2,}(?!\w)")
ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')  # in a block that stands inside a tag
NAMED = re.compile(r"%\((\w+)\)")


class Texts(HTMLParser):
    """Collects what a page says, but for code."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        shown = READ_ALOUD | {"value"} if tag == "input" and ("type", "submit") in attrs else READ_ALOUD
        self.said += [value or "" for name, value in attrs if name in shown or name.startswith("data-text")]

    def handle_endtag(self, tag: str) -> None:
        while tag in self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not CODE & set(self.inside):
            self.said.append(ATTRIBUTE.sub("", data))


def bare_words(source: str) -> set[str]:
    """Words that no tag of the template has translated."""
    texts = Texts()
    texts.feed(TAGS.sub(" ", TRANSLATED.sub(" ", source)))
    texts.close()
    return {word for text in texts.said for word in WORD.findall(text)} - NAMES


class TemplateTests(SimpleTestCase):
    def translated_templates(self) -> Iterator[Path]:
        for path in sorted(TEMPLATES.rglob("*")):
            name = str(path.relative_to(TEMPLATES))
            if path.suffix in (".html", ".txt") and not name.startswith(NOT_TRANSLATED):
                yield path

    def test_none_has_words_of_its_own(self) -> None:
        self.assertEqual(bare_words('<p title="{{ a }}">{% translate "Yes" %}</p>'), set())
        self.assertEqual(bare_words('<p title="Close it">{{ a }} found</p>'), {"Close", "it", "found"})
        self.assertEqual(bare_words('<input type="submit" value="Send"><input value="left">'), {"Send"})
        for path in self.translated_templates():
            with self.subTest(path.relative_to(TEMPLATES)):
                self.assertEqual(bare_words(path.read_text()), set())


class CatalogTests(SimpleTestCase):
    def test_every_text_has_its_translation_and_none_is_left_over(self) -> None:
        wanted = {(message.id, message.context) for message in messages.found() if message.id}
        self.assertGreater(len(wanted), 500)
        for language in messages.LANGUAGES:
            catalog = messages.kept(language)
            with self.subTest(language):
                self.assertEqual(wanted ^ {(message.id, message.context) for message in catalog if message.id}, set())
                self.assertEqual(messages.untranslated(catalog), [])

    def test_what_is_compiled_is_what_is_written(self) -> None:
        for language in messages.LANGUAGES:
            compiled = messages.po_path(language).with_suffix(".mo").read_bytes()
            self.assertEqual(compiled, messages.compiled(messages.kept(language)), "run python -m tools.messages")

    def test_placeholders_and_markup_agree(self) -> None:
        for language in messages.LANGUAGES:
            catalog = messages.kept(language)
            for message in catalog:
                if not message.id:
                    continue
                with self.subTest(language, text=message.id):
                    for check in checkers:
                        check(catalog, message)
                    for text, translation in self.pairs(message.id, message.string):
                        for part in (NAMED, re.compile(r"\{\w+\}"), re.compile(r"</?[a-z]+")):
                            self.assertEqual(sorted(set(part.findall(text))), sorted(set(part.findall(translation))))

    def pairs(self, texts: str | tuple[str, ...], strings: str | tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Of a plural, the last of each: the first may say "one" in place of a number."""
        if isinstance(texts, str):
            yield texts, str(strings)
        else:
            yield texts[-1], strings[-1]


class SentencesTests(SimpleTestCase):
    def test_a_workers_sentence_is_told_in_the_readers_language(self) -> None:
        too_many = "This photograph has 120 megapixels (12000 x 10000); at most 100 are accepted."
        with override("de"):
            self.assertEqual(said("This file is empty."), "Diese Datei ist leer.")
            self.assertIn("120", said(too_many))
            self.assertIn("Megapixel", said(too_many))
            unknown = said("This is a GIF; JPEG, PNG, WebP, TIFF, HEIC and AVIF are accepted.")
            self.assertIn("GIF", unknown)
            self.assertIn("HEIC und AVIF", unknown)
            self.assertEqual(said("Nobody has ever said this."), "Nobody has ever said this.")
            rule = said("Chroma is as near to the truth (PSNR of ab, dB), golden set")
            self.assertEqual(rule, "Das Chroma ist ebenso nah an der Wahrheit (PSNR von ab, dB), fester Satz")
        self.assertEqual(said(too_many), too_many)

    def test_what_is_put_together_of_sentences_is_told_whole(self) -> None:
        told = (
            "The loss was not finite at step 7. What was good until then is kept. The weights of version 2 (a) were "
            "removed. So the gate has not compared the outcome with the active version. The outcome is kept; once "
            "that version can be loaded, or another is active, let the gate compare them."
        )
        with override("de"):
            german = said(told)
        self.assertIn("bei Schritt 7 nicht endlich. Was bis dahin gut war, ist aufbewahrt. Die Gewichte von", german)
        self.assertIn("Version 2 (a) wurden entfernt. Daher hat die Prüfung", german)
        self.assertEqual(said(told), told)

    def test_each_is_one_that_somebody_says(self) -> None:
        """By the last words of its parts: some are put together of constants."""
        source = "\n".join(
            path.read_text()
            for room in ("gallery", "worker", "colorizer")
            for path in (settings.BASE_DIR / room).rglob("*.py")
            if path.name != "sentences.py"
        )
        spoken = re.sub(r'"\s*f?"', "", source)
        for sentence in FROM_OTHERS:
            for part in re.split(r"%\(\w+\)s|[,;:.()]", sentence):
                with self.subTest(sentence):
                    self.assertIn(" ".join(part.split()[-3:]), spoken)
