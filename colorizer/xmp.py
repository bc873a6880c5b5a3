"""What a result says of itself, as XMP (ISO 16684-1) added to what the source's XMP says of the photograph.

Standard fields: Iptc4xmpExt:DigitalSourceType, xmpMM:History, and dc:description and xmp:CreatorTool where the
source has none. Our own, in NAMESPACE: ColorsAreSimulated, Note, Model, ModelDigest, Vividness, Warmth, Hints (how
many), NetworkSize (pixels), FlipAveraged, OriginalDigest (sha256 of the source file). Text in, text out.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime

NAMESPACE = "urn:photo-lab:xmp:1/"
NOTE = "The colors are simulated: a plausible guess made by a neural network, not a record."
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
DEEPEST = 50  # elements in each other: a text of nothing else would end Python's recursion, here or in the result
LARGEST_SOURCE = 1_000_000  # bytes that are read: much of a long packet is thumbnails, which do not go on
LARGEST_TEXTS = 10_000  # characters
LARGEST_KEPT = 40_000  # ours adds two thousand, and a JPEG segment holds 65,502

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMES = {
    "x": "adobe:ns:meta/",
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photolab": NAMESPACE,
}
# True of the source's pixels only, or said anew below.
_REPLACED = (
    *(f"tiff:{name}" for name in ("Orientation", "ImageWidth", "ImageLength", "BitsPerSample", "SamplesPerPixel")),
    *("tiff:PhotometricInterpretation", "tiff:Compression", "photoshop:ColorMode", "photoshop:ICCProfile"),
    *("exif:PixelXDimension", "exif:PixelYDimension", "exif:ColorSpace", "xmp:Thumbnails"),
    "Iptc4xmpExt:DigitalSourceType",
)
_PNG_KEYWORDS = {"Title": "dc:title", "Author": "dc:creator", "Description": "dc:description", "Copyright": "dc:rights"}
_CONTAINERS = {"dc:creator": "Seq"}  # the others are alternatives by language
for _prefix, _uri in _NAMES.items():
    ET.register_namespace(_prefix, _uri)


@dataclass(frozen=True)
class Statement:
    """What made a result, and of what."""

    model: str
    model_digest: str
    original_digest: str
    vividness: float = 1.0
    warmth: float = 0.0
    hints: int = 0
    network_size: int = 256
    flip_averaged: bool = False


def clean(blob: bytes) -> str:
    """The source's XMP without what is not true of a result; empty when it cannot be read or could do harm."""
    if len(blob) > LARGEST_SOURCE or b"<!DOCTYPE" in blob or b"<!ENTITY" in blob:  # can make a small text endless
        return ""
    try:
        packet = ET.fromstring(blob.strip(b" \t\r\n\0").decode("utf-8"))
    except (ET.ParseError, UnicodeDecodeError, ValueError):
        return ""
    if _depth(packet) > DEEPEST:
        return ""
    rdf = packet if packet.tag == f"{{{_RDF}}}RDF" else packet.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        return ""
    replaced = {_name(word) for word in _REPLACED}
    for description in rdf:
        for child in list(description):
            if child.tag in replaced or child.tag.startswith(f"{{{NAMESPACE}}}"):
                description.remove(child)
        for key in list(description.attrib):
            if key in replaced or key.startswith(f"{{{NAMESPACE}}}"):
                del description.attrib[key]
    kept = ET.tostring(rdf, "unicode")
    return kept if len(kept.encode()) <= LARGEST_KEPT else ""


def with_texts(source: str, texts: dict[str, str]) -> str:
    """What the texts of a PNG tell, added to `source` as `clean` gives it, where that says less."""
    rdf = ET.fromstring(source) if source else ET.Element(_name("rdf:RDF"))
    told = {word: texts[key] for key, word in _PNG_KEYWORDS.items() if key in texts and not _says(rdf, word)}
    if not told or sum(map(len, told.values())) > LARGEST_TEXTS:
        return source
    description = ET.SubElement(rdf, _name("rdf:Description"), {_name("rdf:about"): _about(rdf)})
    for word, text in told.items():
        _add_text(description, word, "".join(c for c in text if c.isprintable() or c in "\n\t"))
    return ET.tostring(rdf, "unicode")


def stated(source: str, statement: Statement) -> bytes:
    """A whole packet: `source` as `clean` gave it, or empty, and the statement."""
    rdf = ET.fromstring(source) if source else ET.Element(_name("rdf:RDF"))
    ours = ET.SubElement(rdf, _name("rdf:Description"), {_name("rdf:about"): _about(rdf)})
    fields = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
        "photolab:ColorsAreSimulated": "True",
        "photolab:Note": NOTE,
        "photolab:Model": statement.model,
        "photolab:ModelDigest": statement.model_digest,
        "photolab:Vividness": f"{statement.vividness:g}",
        "photolab:Warmth": f"{statement.warmth:g}",
        "photolab:Hints": str(statement.hints),
        "photolab:NetworkSize": str(statement.network_size),
        "photolab:FlipAveraged": str(statement.flip_averaged),
        "photolab:OriginalDigest": statement.original_digest,
    }
    if not _says(rdf, "xmp:CreatorTool"):
        fields["xmp:CreatorTool"] = "Photo-Lab"
    for word, text in fields.items():
        ET.SubElement(ours, _name(word)).text = text
    if not _says(rdf, "dc:description"):
        _add_text(ours, "dc:description", NOTE)
    _add_event(rdf, ours, f"colorized by {statement.model}; {NOTE}")
    packet = ET.Element(_name("x:xmpmeta"))
    packet.append(rdf)
    body = ET.tostring(packet, "utf-8")
    return b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>' + body + b'<?xpacket end="w"?>'


def _about(rdf: ET.Element) -> str:
    """All descriptions of a packet are about one thing."""
    return next((item.get(_name("rdf:about"), "") for item in rdf), "")


def _add_text(description: ET.Element, word: str, text: str) -> None:
    """In no language, or as the one name of a list."""
    parts = ET.SubElement(ET.SubElement(description, _name(word)), _name(f"rdf:{_CONTAINERS.get(word, 'Alt')}"))
    language = {} if word in _CONTAINERS else {"{http://www.w3.org/XML/1998/namespace}lang": "x-default"}
    ET.SubElement(parts, _name("rdf:li"), language).text = text


def _add_event(rdf: ET.Element, ours: ET.Element, parameters: str) -> None:
    """One more line in the file's history, which may have begun before."""
    history = rdf.find(f"*/{_name('xmpMM:History')}")
    events = None if history is None else history.find(_name("rdf:Seq"))
    if events is None:
        events = ET.SubElement(ET.SubElement(ours, _name("xmpMM:History")), _name("rdf:Seq"))
    event = ET.SubElement(events, _name("rdf:li"), {_name("rdf:parseType"): "Resource"})
    told = {"action": "derived", "softwareAgent": "Photo-Lab", "when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    for word, text in (told | {"parameters": parameters}).items():
        ET.SubElement(event, _name(f"stEvt:{word}")).text = text


def _depth(element: ET.Element) -> int:
    level, depth = [element], 0
    while level:
        level, depth = [child for parent in level for child in parent], depth + 1
    return depth


def _says(rdf: ET.Element, word: str) -> bool:
    return any(item.get(_name(word)) is not None or item.find(_name(word)) is not None for item in rdf)


def _name(word: str) -> str:
    prefix, local = word.split(":")
    return f"{{{_NAMES[prefix]}}}{local}"
