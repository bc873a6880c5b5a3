"""What a file tells beside its pixels, taken from a source and given to its result.

Exif and XMP are cleaned here, in the limited process that reads the source; IPTC (IIM) goes on byte by byte, to
formats that have a place for it (JPEG and TIFF); what the texts of a PNG tell goes on as XMP.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyvips

from . import exif, profiles

if TYPE_CHECKING:
    from .xmp import Statement

LARGEST_IPTC = 60_000
_PNG_TEXT = "png-comment-"  # libvips numbers them and adds the key: png-comment-0-Title
_IIM_RESOURCE = 0x0404  # where Photoshop's image resources keep IPTC
_IIM_MARK = b"\x1c"  # begins each record
_PHOTOSHOP = b"Photoshop 3.0\0"
_MM_PER_INCH = 25.4
DEFAULT_DPI = 72.0


@dataclass(frozen=True)
class Metadata:
    """Cleaned; empty where the source says nothing."""

    exif: bytes = b""  # as it follows `Exif\0\0` in a JPEG
    xmp: str = ""  # an rdf:RDF element
    iptc: bytes = b""  # IIM records
    profile: bytes = b""  # ICC, of RGB; empty means sRGB
    dpi: tuple[float, float] = (DEFAULT_DPI, DEFAULT_DPI)  # across, down, of the upright picture

    def save(self, folder: Path) -> None:
        for name, blob in self._blobs().items():
            (folder / name).write_bytes(blob)

    @classmethod
    def load(cls, folder: Path, *, dpi: tuple[float, float]) -> "Metadata":
        blobs = {name: (folder / name).read_bytes() for name in cls()._blobs()}
        return cls(
            exif=blobs["exif.bin"],
            xmp=blobs["source.xmp"].decode(),
            iptc=blobs["iptc.bin"],
            profile=blobs["profile.icc"],
            dpi=dpi,
        )

    def _blobs(self) -> dict[str, bytes]:
        return {
            "exif.bin": self.exif,
            "source.xmp": self.xmp.encode(),
            "iptc.bin": self.iptc,
            "profile.icc": self.profile,
        }


def take(image: pyvips.Image, source: Path, folder: Path, *, file_format: str) -> Metadata:
    """From a picture that was opened, not yet decoded. `folder` is for temporary files."""
    packet, texts = _blob(image, "xmp-data"), _texts(image)
    if packet or texts:
        from . import xmp  # most old photographs have none, and a child starts for each
    if file_format == "TIFF":
        with source.open("rb") as file:
            notes = exif.read(file)
        iptc = notes.main[exif.IPTC].value if exif.IPTC in notes.main else b""
    else:
        notes = exif.parse(_blob(image, "exif-data"))
        iptc = _records(_blob(image, "iptc-data"))
    return Metadata(
        exif=notes.cleaned().to_bytes(),
        xmp=xmp.with_texts(xmp.clean(packet), texts) if packet or texts else "",
        iptc=iptc if iptc.startswith(_IIM_MARK) and len(iptc) <= LARGEST_IPTC else b"",
        profile=profiles.of_result(image, folder),
        dpi=_dpi(image) or notes.dpi or (DEFAULT_DPI, DEFAULT_DPI),
    )


def give(image: pyvips.Image, metadata: Metadata, statement: "Statement", *, file_format: str) -> pyvips.Image:
    """The same picture with everything that its file is to tell. Exif and IPTC of a TIFF file are `finish`'s."""
    from . import xmp

    image = image.copy(xres=metadata.dpi[0] / _MM_PER_INCH, yres=metadata.dpi[1] / _MM_PER_INCH)
    blobs = {"xmp-data": xmp.stated(metadata.xmp, statement)}
    if metadata.iptc and file_format == "JPEG":
        blobs["iptc-data"] = _resource(metadata.iptc)
    blobs["icc-profile-data"] = metadata.profile or pyvips.Image.profile_load("srgb")
    for name, blob in blobs.items():
        image.set_type(pyvips.GValue.blob_type, name, blob)
    if metadata.exif and file_format != "TIFF":
        noted = _exif_fields(metadata.exif)
        for name in noted.get_fields():
            if name.startswith("exif-"):
                image.set_type(noted.get_typeof(name), name, noted.get(name))
    return image


def finish(target: Path, metadata: Metadata, *, file_format: str) -> None:
    """What libvips does not write, or not rightly: Exif and IPTC of a TIFF file."""
    if file_format == "TIFF" and (metadata.exif or metadata.iptc):
        exif.add_to_tiff(target, exif.parse(metadata.exif), iptc=metadata.iptc)


def _dpi(image: pyvips.Image) -> tuple[float, float] | None:
    """None where libvips knows none, which is as 1 pixel per millimeter: of WebP, AVIF and HEIC always."""
    if (image.xres, image.yres) == (1.0, 1.0) or min(image.xres, image.yres) <= 0:
        return None
    return round(image.xres * _MM_PER_INCH, 3), round(image.yres * _MM_PER_INCH, 3)


def _texts(image: pyvips.Image) -> dict[str, str]:
    """Of a PNG, by their keys."""
    names = [name for name in image.get_fields() if name.startswith(_PNG_TEXT)]
    return {name.removeprefix(_PNG_TEXT).split("-", 1)[-1]: image.get(name) for name in names}


def _blob(image: pyvips.Image, name: str) -> bytes:
    return bytes(image.get(name)) if image.get_typeof(name) else b""


def _exif_fields(blob: bytes) -> pyvips.Image:
    """libvips writes Exif from its own fields, which it fills when it reads a JPEG: the smallest one it can be."""
    tiny = pyvips.Image.black(1, 1).jpegsave_buffer(keep="none")
    segment = b"Exif\0\0" + blob
    jpeg = tiny[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + tiny[2:]
    return pyvips.Image.new_from_buffer(jpeg, "")


def _records(blob: bytes) -> bytes:
    """IPTC of a block of Photoshop's image resources."""
    file = io.BytesIO(blob.removeprefix(_PHOTOSHOP))
    while (head := file.read(6))[:4] == b"8BIM" and len(head) == 6:
        name = file.read(1)
        file.read(name[0] + (name[0] + 1) % 2 if name else 0)
        size = int.from_bytes(file.read(4), "big")
        content = file.read(size + size % 2)
        if int.from_bytes(head[4:], "big") == _IIM_RESOURCE:
            return content[:size]
    return b""


def _resource(records: bytes) -> bytes:
    head = b"8BIM" + _IIM_RESOURCE.to_bytes(2, "big") + b"\0\0" + len(records).to_bytes(4, "big")
    return _PHOTOSHOP + head + records + bytes(len(records) % 2)
