"""Sentences that are kept in English and shown in the reader's language.

Workers, upkeep and the children that decode know no reader: what they say goes into rows, or comes by a pipe. Here
stand those that people may read, with names in place of what changes in them.
"""

import re
from collections.abc import Iterator

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# What is put together of others stands before them.
FROM_OTHERS = (
    # Of files that cannot be used: images, decoding, and the colorizer's own reader
    _("This file is empty."),
    _("This file has %(size)s MB; at most %(most)s MB are accepted."),
    _("This file is cut off: only part of the photograph is there. Try copying it again."),
    _("This file is damaged and cannot be read as a photograph. Try copying it again."),
    _("Camera raw files are not supported. Export it as JPEG or TIFF and upload that."),
    _("Reading this photograph takes more memory than is allowed. Save it smaller, or with 8 bits."),
    _("Reading this photograph took too long. Save it again in another program, or smaller."),
    _(
        "This file has %(size)s MB, and %(used)s of your %(most)s MB are taken. "
        "Delete photographs, also from the trash, to make room."
    ),
    _("You may upload %(most)s photographs in 24 hours, and you have. The next may come in %(wait)s."),
    _("The site is busy reading other photographs. Try again in a minute."),
    _("The site cannot keep photographs just now. Nothing is wrong with yours: try again in a minute."),
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
    # Of jobs that failed: worker.colorizing, the colorizer, services.jobs, upkeep
    _("There was too little memory to color this photo. Upload a smaller copy of it."),
    _(
        "The device that colors had too little memory, even for one photo at a time. Try again later; "
        "if it happens again, tell whoever runs this site."
    ),
    _("There is too little memory to color a photograph of %(width)s x %(height)s pixels."),
    _("This photograph needs about %(needed)s GB of temporary disk, %(free)s GB are free."),
    _(
        "The trained colors are missing or damaged on this site. Tell whoever runs it; "
        "your photo is safe, and you can try again later."
    ),
    _("Coloring this photo took too long and was stopped. Upload a smaller copy of it."),
    _("The original file of this photo is no longer in the storage. Upload it again."),
    _("What this photo was told cannot be used to color it. Adjust its colors anew."),
    _("The storage of this site did not answer for ten minutes. Your photo is safe; try again later."),
    _(
        "Something unexpected went wrong while coloring this photo. Try again; "
        "if it happens again, tell whoever runs this site."
    ),
    _("The generator's answer for this photograph is not a number."),
    _("No color could be found for this photograph: it may be blank, or too dark."),
    _("The hint at (%(x)s, %(y)s) lies outside the photograph, which has %(width)s x %(height)s pixels."),
    _(
        "The worker stopped three times while coloring this photo, so it was given up. "
        "Try again later, or upload a smaller copy."
    ),
    # Of pictures that are not learned from: admission, services.nearness
    _("Its shorter side has %(side)s pixels; at least %(least)s are needed."),
    _("It is grey or toned, and teaches no color."),
    _("It has hardly any color: its colorfulness is %(found)s, and at least %(least)s is needed."),
    _("Nearly the same picture is there already (picture %(number)s)."),
    _("Nearly the same picture was ruled out by those who run this site (picture %(number)s)."),
    _("The file is no longer in the storage."),
    _("Deleted by staff."),
    # Of zip files that staff upload: archives, the page for it
    _("This zip file is damaged. Pack it again."),
    _("This file is damaged inside the zip. Pack it again."),
    _("This zip file has more than %(most)s files. Make several smaller ones."),
    _("Unpacked, this zip file is larger than %(most)s GB. Make several smaller ones."),
    _("This file is locked with a password."),
    _("This file is packed in a way that is not read here. Pack it as an ordinary zip."),
    _("This file is larger than %(mb)s MB, which is the limit for a picture."),
    _("There is no picture in this zip file."),
    _("The storage did not take it. Try again, and tell whoever runs this site if it happens again."),
    # Of training runs: their stages
    _("Preparing the pictures"),
    _("Reading the base corpus"),
    _("Loading the base version"),
    _("Learning"),
    _("Comparing with the active version"),
    _("Storing"),
    # Why they failed, cannot go on now, or ended early: the worker's programs, the colorizer, upkeep
    _("%(what)s It is tried again until %(time)s UTC."),
    _("%(what)s The training goes on; samples and checkpoints wait for the storage."),
    _("%(what)s There is no checkpoint yet: lower the learning rate."),
    _("%(what)s What was good until then is kept."),
    _("%(what)s What was good until then is kept. %(more)s"),
    _(
        "%(what)s So the gate has not compared the outcome with the active version. The outcome is kept; once that "
        "version can be loaded, or another is active, let the gate compare them."
    ),
    _(
        "%(what)s Put the file back in its place, or roll back to a version whose weights are whole; "
        "then start this again."
    ),
    _(
        "Something unexpected went wrong in this training. The log of the training worker tells what; start it again, "
        "and if it happens again, tell whoever looks after this site's programs."
    ),
    _("The machine had too little memory for this training, and ended it: lower the batch size or the crop."),
    _("There is too little memory to train: lower the batch size or the crop."),
    _("Training needs %(needed)s GB of memory, and %(free)s GB are free: lower the batch size or the crop."),
    _("Training needs %(needed)s GB of disk, and %(free)s GB are free: make room first."),
    _("The disk of the training worker's machine, or of the storage, is full: make room there."),
    _("A file that the run needs is not there any more (%(error)s)."),
    _("The storage or the disk cannot do what the run needs (%(error)s)."),
    _("Only %(usable)s of the pictures are usable; at least %(fewest)s are needed."),
    _("All of these pictures were learned from before, so none is left to judge by. Add new ones."),
    _("All of these pictures are held out for judging, so none is left to learn from. Add new ones."),
    _("So many pictures were withdrawn, or are in the golden set, that none is left to learn from or judge by."),
    _("There is nothing to compare by: all held-out pictures were withdrawn, and no golden set is named."),
    _("The run has changed nothing: what it made is %(version)s."),
    _("%(version)s is no candidate any more."),
    _("The loss was not finite at step %(step)s."),
    _("The colors of %(set)s were no longer numbers."),
    _("Color ran away: the colorfulness of %(set)s was %(color)s, the truth's is %(truth)s."),
    _("Color ran away: %(share)s of %(set)s lay outside what a screen can show."),
    _(
        "The worker stopped three times during this run, so it was given up. If memory was short, start it again with "
        "a smaller batch or crop."
    ),
    # Of weights that cannot be loaded: worker.weights, worker.engine, the colorizer
    _("The active %(version)s cannot be loaded: %(why)s"),
    _("The weights of %(version)s were removed."),
    _("The weights of %(version)s are not in the storage any more."),
    _("The file that PHOTOLAB_WEIGHTS names is missing, or is not that of %(version)s."),
    _("The stored weights of %(version)s are damaged: their digest is another."),
    _("There is no card at %(path)s."),
    _("There are no weights at %(path)s."),
    _("The card %(name)s cannot be read: %(error)s"),
    _("The card of %(name)s tells of a network that this version cannot make."),
    _("The weights %(name)s are damaged: their digest is not the one on their card."),
    _("The weights %(name)s do not fit the network on their card: %(error)s"),
    _("%(name)s is not a safetensors file: %(error)s"),
    # Of versions: what the log keeps of a verdict
    _("%(what)s Before, passed beside %(version)s."),
    _("%(what)s Before, did not pass beside %(version)s."),
    _("It passed beside %(version)s."),
    _("It did not pass beside %(version)s."),
    _("version %(number)s (%(name)s)"),
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
    _("held-out pictures"),
    _("golden set"),
)


def _patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    for sentence in FROM_OTHERS:
        if "%(" in sentence:
            fixed = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(sentence))
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
