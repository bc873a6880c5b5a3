"""The page where staff upload a set for training, many files or zips: part of the admin of collected images.

What became of each file is sent as soon as it is known, since a set takes minutes.
"""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext, gettext_noop, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from gallery import files, services
from gallery.admin.base import WithPages
from gallery.archives import MOST_FILES, ArchiveRefused, is_archive, unpack
from gallery.images import ImageRefused
from gallery.models import Admission, CollectedImage
from gallery.services.photos import clean_file_name
from gallery.uploading import SetUploadHandler

logger = logging.getLogger(__name__)

ADD_IMAGES = "gallery.add_collectedimage"
TEMPLATES = "admin/gallery/collectedimage/"
HERE_THE_OUTCOMES = "<!-- outcomes -->"
EMPTY = gettext_noop("There is no picture in this zip file.")
NOT_STORED = gettext_noop(
    "The storage did not take it. Try again, and tell whoever runs this site if it happens again."
)


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `image` is there unless it was refused."""

    WORDS = {
        "taken": (_("taken"), _("%(count)d taken")),
        "known": (_("there already"), _("%(count)d there already")),
        "set_aside": (_("set aside"), _("%(count)d set aside")),
        "refused": (_("refused"), _("%(count)d refused")),
    }  # of one, and of some

    name: str
    kind: str  # a key of WORDS
    reason: str = ""
    image: CollectedImage | None = None

    @property
    def word(self) -> str:
        return str(self.WORDS[self.kind][0])


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    widget = ManyFilesInput

    def clean(self, data: list[File], initial: None = None) -> list[File]:
        return [super(ManyFilesField, self).clean(file, initial) for file in data or [None]]


class SetForm(forms.Form):
    files = ManyFilesField(allow_empty_file=True, label=_("Color photographs, or zips of them"))
    may_be_learned_from = forms.BooleanField(
        label=_(
            "Training may learn from all of these: whoever took or owns them agrees, or nobody has a right in them."
        )
    )


class SetUpload(WithPages):
    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", page, name="gallery_collectedimage_upload"), *super().get_urls()]

    def has_upload_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ADD_IMAGES)

    @method_decorator(csrf_exempt)
    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        """Checked for forgery only after the handler is set, since the check reads the files in."""
        self.require(request, ADD_IMAGES)
        request.upload_handlers = [SetUploadHandler(request)]
        return self._take_set(request)

    @method_decorator(csrf_protect)
    def _take_set(self, request: HttpRequest) -> HttpResponseBase:
        form = SetForm(request.POST, request.FILES) if request.method == "POST" else SetForm()
        page = self.show(
            request,
            "upload",
            title=gettext("Upload pictures for training"),
            form=form,
            is_answer=form.is_valid(),
            most_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
            most_in_zip=MOST_FILES,
            most_mb=settings.LARGEST_REQUEST_MB,
            may_start=request.user.has_perm("gallery.start_training"),
        )
        if not form.is_valid():
            return page
        head, tail = page.render().content.decode().split(HERE_THE_OUTCOMES)
        outcomes = take_in(request.user, form.cleaned_data["files"])
        response = StreamingHttpResponse(_lines(head, outcomes, tail, get_language()))
        response["X-Accel-Buffering"] = "no"
        return response


def take_in(by: AbstractBaseUser, uploads: Iterable[File]) -> Iterator[Outcome]:
    """One outcome for each picture, those in zips too. One unusable file never spoils the others."""
    for upload in uploads:
        if not is_archive(upload):
            yield _take_one(by, upload.name, upload)
            continue
        archive = clean_file_name(upload.name)
        empty = True
        try:
            for name, member in unpack(upload):
                empty = False
                shown = f"{archive}: {clean_file_name(name)}"
                yield Outcome(shown, "refused", member) if isinstance(member, str) else _take_one(by, shown, member)
            if empty:
                yield Outcome(archive, "refused", EMPTY)
        except ArchiveRefused as refusal:
            yield Outcome(archive, "refused", str(refusal))


def _take_one(by: AbstractBaseUser, name: str, upload: File) -> Outcome:
    name = clean_file_name(name)
    try:
        collected = services.collect_upload(by, upload)
    except ImageRefused as refusal:
        return Outcome(name, "refused", str(refusal))
    except files.storage_errors():
        logger.exception("A picture for training could not be stored")
        return Outcome(name, "refused", NOT_STORED)
    image = collected.image
    if image.status != Admission.INCLUDED:
        return Outcome(name, "set_aside", image.reason or image.get_status_display(), image)
    return Outcome(name, "known" if collected.is_duplicate else "taken", "", image)


async def _lines(head: str, outcomes: Iterator[Outcome], tail: str, language: str) -> AsyncIterator[str]:
    """The page around one line for each outcome, and their sum before its end."""

    @sync_to_async
    def told(act: Callable[..., Any], *args: object) -> Any:
        with override(language):
            return act(*args)

    yield head
    counts: Counter[str] = Counter()
    while (outcome := await told(next, outcomes, None)) is not None:
        counts[outcome.kind] += 1
        yield await told(render_to_string, f"{TEMPLATES}_outcome.html", {"outcome": outcome})
    yield await told(render_to_string, f"{TEMPLATES}_sum.html", {"counts": await told(_in_words, counts)})
    yield tail


def _in_words(counts: Counter[str]) -> list[str]:
    return [some % {"count": counts[kind]} for kind, (_one, some) in Outcome.WORDS.items() if counts[kind]]
