"""Keeps locale/ true: `python -m tools.messages` takes in every text that goes through gettext, and compiles.

New texts wait in the .po files with an empty msgstr; texts that are gone are dropped. Django's makemessages does the
same with the programs of GNU gettext; this needs none, so tests can ask as well what is missing.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
LANGUAGES = ("de",)  # besides that of the code
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# What Django makes of a template: the calls of gettext between blanked-out words.
TEXT = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"\b(?:_|n?p?gettext)\((?:{TEXT}(?:, ?)?)+(?:\w+)?\)")


def found() -> Catalog:
    """Every text of the code and the templates."""
    catalog = Catalog()
    for path, source in _sources():
        for _, text, _, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
            catalog.add(text, locations=[(str(path.relative_to(ROOT)), 1)], context=context)
    return catalog


def _sources() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "gallery").rglob("*.py")):
        yield path, path.read_text()
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            yield path, "\n".join(CALL.findall(templatize(path.read_text(), origin=path)))


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def kept(language: str) -> Catalog:
    """What the .po file says; empty for a language that is new."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, header_comment="# What Photo-Lab says.", project="Photo-Lab", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """As Django reads it."""
    target = BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def main() -> None:
    texts = found()
    for language in LANGUAGES:
        catalog = kept(language)
        catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=120, ignore_obsolete=True, sort_output=True, include_lineno=False)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        print(f"{language}: {len(catalog)} texts, {len(untranslated(catalog))} without a translation")


def untranslated(catalog: Catalog) -> list[str]:
    return [str(message.id) for message in catalog if message.id and not _is_whole(message)]


def _is_whole(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(strings)


if __name__ == "__main__":
    main()
