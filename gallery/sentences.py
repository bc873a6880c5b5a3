"""Sentences that are kept in English and shown in the reader's language.

Workers, upkeep and the children that decode know no reader: what they say goes into rows, or comes by a pipe. Here
stand those that a visitor may read, with names in place of what changes in them.
"""

import re
from collections.abc import Iterator

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

FROM_OTHERS = (
    # Of files that cannot be used: images, decoding, and the colorizer's own reader
    _("This file is empty."),
    _("This file has %(size)s MB; at most %(most)s MB are accepted."),
    _("This file is cut off: only part of the photograph is there. Try copying it again."),
    _("This file is damaged and cannot be read as a photograph. Try copying it again."),
    _("Camera raw files are not supported. Export it as JPEG or TIFF and upload that."),
    _("Reading this photograph takes more memory than is allowed. Save it smaller, or with 8 bits."),
    _("Reading this photograph took too long. Save it again in another program, or smaller."),
    _("The site is busy reading other photographs. Try again in a minute."),
    _("This photograph has %(megapixels)s megapixels (%(width)s x %(height)s); at most %(most)s are accepted."),
    _("This picture is only %(width)s x %(height)s pixels: too small to color."),
    _("This picture is %(width)s x %(height)s pixels; no side may be over %(most)s."),
    _("%(what)s; %(formats)s are accepted."),
    _("This is a GIF"),
    _("This is a PDF document"),
    _("This is a BMP picture"),
    _("This is a video or a camera raw file"),
    _("This is a camera raw file"),
    _("This is a drawing or a web page (SVG, HTML), not a photograph"),
    _("This is not a photograph"),
    _("JPEG, PNG, WebP, TIFF, HEIC and AVIF"),
    # Of jobs that failed: worker.colorizing, the colorizer, upkeep
    _("There was too little memory to color this photo. Upload a smaller copy of it."),
    _("There is too little memory to color a photograph of %(width)s x %(height)s pixels."),
    _("This photograph needs about %(needed)s GB of temporary disk, %(free)s GB are free."),
    _(
        "The trained colors are missing or damaged on this site. Tell whoever runs it; "
        "your photo is safe, and you can try again later."
    ),
    _("Coloring this photo took too long and was stopped. Upload a smaller copy of it."),
    _("The original file of this photo is no longer in the storage. Upload it again."),
    _(
        "Something unexpected went wrong while coloring this photo. Try again; "
        "if it happens again, tell whoever runs this site."
    ),
    _("The generator's answer for this photograph is not a number."),
    _("No color could be found for this photograph: it may be blank, or too dark."),
    _(
        "The worker stopped three times while coloring this photo, so it was given up. "
        "Try again later, or upload a smaller copy."
    ),
    # Of pictures that are not learned from: admission
    _("Its shorter side has %(side)s pixels; at least %(least)s are needed."),
    _("It is grey or toned, and teaches no color."),
    _("It has hardly any color: its colorfulness is %(found)s, and at least %(least)s is needed."),
    _("Nearly the same picture is there already (picture %(number)s)."),
    # Of webhooks: hooks
    _("Nobody answered in time."),
    _("The answer did not come in time."),
    _("This address leads into a private network, which is not allowed here."),
    _("The certificate of this address is not valid."),
    _("The address could not be reached."),
    _("It could not be sent (%(kind)s)."),
    _("Answered %(status)s"),
    # Of versions: the rules of the colorizer's gate, and on which photographs they were applied
    _("Colors are as near to the truth (CIEDE2000)"),
    _("Chroma is as near to the truth (PSNR of ab, dB)"),
    _("Pictures are on average as colorful as the true ones"),
    _("Each picture is about as colorful as the true one"),
    _("As few pictures stay without color"),
    _("As few colors lie outside what a screen can show"),
    _("Skin is as often colored as skin"),
    _("Light stays as it was"),
    _("Pictures as a crowd look as much like photographs (kernel distance)"),
    _("A classifier is helped as much by the colors"),
    _("The network is as fast"),
    _("%(rule)s, %(photographs)s"),
)


def _patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    for sentence in FROM_OTHERS:
        if "%(" in sentence:
            fixed = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(sentence))
            yield re.compile(fixed), sentence


PATTERNS = tuple(_patterns())


def said(sentence: str) -> str:
    """The sentence in the active language; one that is not known as it stands."""
    if sentence in FROM_OTHERS:
        return gettext(sentence)
    for pattern, known in PATTERNS:
        if found := pattern.fullmatch(sentence):
            return gettext(known) % {name: said(part) for name, part in found.groupdict().items()}
    return sentence
