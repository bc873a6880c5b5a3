"""Makes the copy of a picture that strangers get: the program of a limited child process.

    python -m gallery.shared_copy FILE OUTPUT_FOLDER MAX_PIXELS HOW

writes copy and facts.json (its format), and answers as decoding.py does. HOW is one of the words below. A copy has the
picture, its color profile, resolution and orientation, and for a result the statement that its colors are simulated.
Pixels are copied as they are where the format is known piece by piece (cleaning); otherwise, and for a mark in the
corner, they are encoded anew, as JPEG. services/sharing starts it. No Django here.
"""

import mmap
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from gallery.cleaning import ORIENTATION, NotCleaned, Notes, clean_jpeg, clean_png, clean_webp
from gallery.cleaning_tiff import clean_tiff
from gallery.decoding import answer, decode

AS_IT_IS, IN_COLOR, MARKED = "as-it-is", "in-color", "marked"
QUALITY = 95
CLEANED: dict[str, Callable[[bytes, Notes], Iterator[bytes]]] = {
    "JPEG": clean_jpeg,
    "PNG": clean_png,
    "WEBP": clean_webp,
    "TIFF": clean_tiff,
}
STATEMENT = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
xmlns:photolab="urn:photo-lab:xmp:1/">\
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia\
</Iptc4xmpExt:DigitalSourceType><photolab:ColorsAreSimulated>True</photolab:ColorsAreSimulated>\
<photolab:Note>The colors are simulated: a plausible guess made by a neural network, not a record.</photolab:Note>\
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

# The mark: a painter's palette. Parts of its own width; drawn larger, then scaled down, for smooth edges.
MARK_SHARE, SMALLEST_MARK, LARGEST_MARK = 0.055, 28, 200  # of the short side, pixels
OVERSAMPLED = 4
PAPER, INK = (250, 248, 245), (28, 27, 25)
PAINTS = (
    ((0.24, 0.30), (196, 60, 52)),
    ((0.46, 0.20), (226, 160, 48)),
    ((0.68, 0.28), (62, 132, 84)),
    ((0.80, 0.48), (58, 98, 168)),
)


def copy(image: Image.Image, folder: Path, facts: dict, *, source: Path, how: str) -> None:
    turned = image.getexif().get(ORIENTATION, 1)
    notes = Notes(turned if turned in range(1, 9) else 1, b"" if how == AS_IT_IS else STATEMENT)
    target = folder / "copy"
    if how == MARKED or not copy_pieces(source, target, CLEANED.get(facts["format"]), notes):
        picture = decode(image).convert("RGB")
        if how == MARKED:
            draw_mark(picture)
        # An empty comment, since Pillow would take over the one that it has read.
        picture.save(target, "JPEG", quality=QUALITY, subsampling=0, xmp=notes.xmp, comment=b"")
        facts["format"] = "JPEG"


def copy_pieces(
    source: Path, target: Path, clean: Callable[[bytes, Notes], Iterator[bytes]] | None, notes: Notes
) -> bool:
    """False: the pixels cannot be copied as they are, and `target` is to be written anew."""
    if clean is None:
        return False
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            with target.open("wb") as output:
                output.writelines(clean(data, notes))
        except (NotCleaned, struct.error):
            return False
    return True


def draw_mark(picture: Image.Image) -> None:
    """Into the lower right corner of a picture in mode RGB; light with a dark edge, to be seen on anything."""
    width = min(max(round(min(picture.size) * MARK_SHARE), SMALLEST_MARK), LARGEST_MARK, min(picture.size))
    large = width * OVERSAMPLED
    mark = Image.new("RGBA", (large, large), (*INK, 0))
    draw = ImageDraw.Draw(mark)
    edge = large * 0.045
    draw.ellipse((0, large * 0.08, large - 1, large * 0.92), fill=(*INK, 230))
    draw.ellipse((edge, large * 0.08 + edge, large - 1 - edge, large * 0.92 - edge), fill=(*PAPER, 240))
    draw.ellipse((large * 0.40, large * 0.58, large * 0.60, large * 0.76), fill=(*INK, 230))
    for (x, y), paint in PAINTS:
        radius = 0.095
        box = [large * (x - radius), large * (y + 0.08 - radius), large * (x + radius), large * (y + 0.08 + radius)]
        draw.ellipse(box, fill=(*paint, 255))
    mark = mark.resize((width, width), Image.Resampling.LANCZOS)
    margin = min(width // 3, (min(picture.size) - width) // 2)
    picture.paste(mark, (picture.width - width - margin, picture.height - width - margin), mark)


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1:4], partial(copy, source=Path(sys.argv[1]), how=sys.argv[4])))
