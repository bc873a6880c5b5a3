"""Sends hostile files the way that a browser does, and looks at what became of each."""

import io
import re
import time
from dataclasses import dataclass, field

from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from PIL import Image

from gallery import images
from gallery.decoding import PREVIEW_SIDE, THUMB_SIDE
from gallery.models import Photo
from tests.base import read_stored
from tests.hostile import Hostile

BOUNDARY = "between-parts"
LEAKS = re.compile(r"Traceback|Error\b|errno|/tmp|/home|site-packages|0x[0-9a-f]{4}|\bNone\b")
SENTENCES = re.compile(r"[A-Z].*\.", re.DOTALL)
STORED = re.compile(r"photos/[0-9a-f]{32}/(original\.(jpg|png|webp|tif|heic|avif)|preview\.jpg|thumb\.jpg)")
# What a browser's form cannot send as a file's name: there is no file for Django then.
NAMELESS = {"", ".", ".."}


@dataclass
class Outcome:
    """Of all files that were sent; times in seconds."""

    accepted: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    unnamed: int = 0
    slowest: tuple[float, str] = (0.0, "")

    @property
    def told(self) -> int:
        return len(self.accepted) + sum(self.refused.values()) + self.unnamed


def as_form(file: Hostile) -> bytes:
    """By hand, since no library would send such names."""
    name = file.name.encode().replace(b'"', b"%22")  # as browsers do, who escape line breaks, too; attackers do not
    return (
        f"--{BOUNDARY}\r\n".encode()
        + b'Content-Disposition: form-data; name="file"; filename="'
        + name
        + b'"\r\nContent-Type: image/jpeg\r\n\r\n'
        + file.content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


class HostileUploads:
    """For test cases that are GalleryTestCase or GalleryRaceTestCase."""

    def send(self, client: Client, file: Hostile, outcome: Outcome) -> None:
        """One file in one request, whose answer has to tell what became of it."""
        cache.clear()  # how many may be sent in a minute is tried elsewhere
        began = time.monotonic()
        form = f"multipart/form-data; boundary={BOUNDARY}"
        answer = client.generic("POST", reverse("upload"), as_form(file), form, headers={"Accept": "application/json"})
        outcome.slowest = max(outcome.slowest, (time.monotonic() - began, file.what))
        self.assertEqual(200, answer.status_code, file.what)
        told = answer.json()
        for photo in told["accepted"]:
            outcome.accepted.append(photo["id"])
            self.assert_harmless(Photo.objects.get(pk=photo["id"]), file)
        for refusal in told["refused"]:
            self.assert_plain(refusal["reason"], file)
            outcome.refused[refusal["reason"]] = outcome.refused.get(refusal["reason"], 0) + 1
        counted = sum(len(told[became]) for became in ("accepted", "refused", "duplicates"))
        if not counted:
            outcome.unnamed += 1
            self.assertIn(file.name.strip(), NAMELESS, file.what)

    def assert_plain(self, reason: str, file: Hostile) -> None:
        self.assertRegex(reason, SENTENCES, file.what)
        self.assertNotRegex(reason, LEAKS, file.what)
        self.assertLess(len(reason), 200, file.what)

    def assert_harmless(self, photo: Photo, file: Hostile) -> None:
        """What is shown was encoded by the site itself; what is stored lies where the site says, under a clean name."""
        self.assert_clean_name(photo.file_name, file)
        for key in photo.file_keys:
            self.assertRegex(key, STORED, file.what)
        self.assertIn(photo.format, images.CONTENT_TYPES)
        for key, side in ((photo.preview_key, PREVIEW_SIDE), (photo.thumb_key, THUMB_SIDE)):
            content = read_stored(key)
            shown = Image.open(io.BytesIO(content))
            shown.load()
            self.assertEqual("JPEG", shown.format, file.what)
            self.assertLessEqual(max(shown.size), side, file.what)
            self.assertNotIn(b"<script", content, file.what)

    def assert_clean_name(self, name: str, file: Hostile) -> None:
        self.assertTrue(name.isprintable(), file.what)
        self.assertNotRegex(name, r"[/\\\u202a-\u202e\u2066-\u2069]", file.what)
        self.assertNotIn(name.strip(". "), ("",), file.what)
        self.assertLessEqual(len(name), 255, file.what)
