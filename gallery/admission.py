"""What is admitted to training: a picture is looked at in a child process, and the rules say why it is set aside."""

import json
from dataclasses import dataclass

from django.core.files.base import File

from gallery import images

LOOKER = "gallery.color_facts"
SHORTEST_SIDE = 64
# The filter of BigColor (Kim et al. 2022): below it a picture teaches that the world is brown.
LEAST_COLORFULNESS = 15.0
# Of 64 bits. Among 1,200 photographs no two were nearer than 10; of copies saved again, smaller and in poor quality,
# all came within 6, and of copies cropped by 3 % on each side 84 %.
NEAR_BITS = 6
# How each reason begins.
SMALL, GREY, PALE, NEAR = "Its shorter side has", "It is grey or toned", "It has hardly any color", "Nearly the same"


@dataclass(frozen=True)
class Looked:
    """Sizes are those of the original, upright; `picture` is the copy for training and `thumb` its preview, JPEG."""

    width: int
    height: int
    has_color: bool
    colorfulness: float
    phash: str
    picture: bytes
    thumb: bytes


def look(upload: File) -> Looked:
    """Raises images.ImageRefused, and images.SiteBusy when the same file may be read later."""
    with images.as_path(upload) as source, images.temporary_folder() as folder:
        images.read_in_child(LOOKER, source, folder)
        facts = json.loads((folder / "facts.json").read_text())
        return Looked(
            width=facts["width"],
            height=facts["height"],
            has_color=facts["has_color"],
            colorfulness=facts["colorfulness"],
            phash=facts["phash"],
            picture=(folder / "picture.jpg").read_bytes(),
            thumb=(folder / "thumb.jpg").read_bytes(),
        )


def why_set_aside(looked: Looked) -> str:
    """Empty: nothing speaks against the picture by itself. Whether one like it is there, services.nearness knows."""
    side = min(looked.width, looked.height)
    if side < SHORTEST_SIDE:
        return f"{SMALL} {side} pixels; at least {SHORTEST_SIDE} are needed."
    if not looked.has_color:
        return f"{GREY}, and teaches no color."
    if looked.colorfulness < LEAST_COLORFULNESS:
        return (
            f"{PALE}: its colorfulness is {looked.colorfulness:.0f}, and at least {LEAST_COLORFULNESS:.0f} is needed."
        )
    return ""


def are_near(phash: str, other: str) -> bool:
    """Whether two pictures are nearly the same, as their owners would say."""
    return (int(phash, 16) ^ int(other, 16)).bit_count() <= NEAR_BITS
