"""Which pictures of a run are learned from, and which are held out to judge it. Plain rules on plain data.

1. A picture that was in an earlier snapshot stays on the side that it had there.
2. An uploader's pictures stand on one side together, in every run, since photographs of one person or place are
   alike. Split picture by picture are only a set that staff uploaded for training, and the pictures of a run that
   all come from one uploader, of whom nothing would be left to hold out or to learn from.
3. What is new is held out, in an order that looks random and is always the same, until a fifth of all is held out and
   no fewer than 20, but never more than a third. When not even one uploader fits, the one with the fewest is held out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import ceil

from gallery.models import Side

HELD_OUT_SHARE, FEWEST_HELD_OUT, MOST_HELD_OUT_SHARE = 1 / 5, 20, 1 / 3


@dataclass(frozen=True)
class Picture:
    digest: str
    owner_id: int
    is_of_set: bool


@dataclass(frozen=True)
class Earlier:
    """What earlier snapshots have fixed: the side of a picture by its digest, and the sides of an uploader."""

    pictures: Mapping[str, Side]
    owners: Mapping[int, frozenset[Side]]


def split(pictures: Iterable[Picture], earlier: Earlier) -> dict[str, Side]:
    """Digest to side, for pictures whose digests differ. One of the sides may stay empty."""
    sides, new = _fixed_and_new(pictures, earlier)
    total = len(sides) + sum(map(len, new))
    most = int(total * MOST_HELD_OUT_SHARE)
    wanted = min(max(ceil(total * HELD_OUT_SHARE), FEWEST_HELD_OUT), most)
    held_out = list(sides.values()).count(Side.HOLDOUT)
    new.sort(key=_shuffled)
    for digests in new:
        fits = held_out < wanted and held_out + len(digests) <= most
        sides.update(dict.fromkeys(digests, Side.HOLDOUT if fits else Side.TRAIN))
        held_out += len(digests) if fits else 0
    if held_out == 0 and new and len(new[0]) < total:
        sides.update(dict.fromkeys(min(new, key=len), Side.HOLDOUT))
    return sides


def _fixed_and_new(pictures: Iterable[Picture], earlier: Earlier) -> tuple[dict[str, Side], list[list[str]]]:
    """Sides that are known, and groups of digests that have to stand together on a side yet to be found."""
    together: dict[int, list[str]] = defaultdict(list)
    single: list[str] = []
    for picture in pictures:
        (single if picture.is_of_set else together[picture.owner_id]).append(picture.digest)
    if len(together) == 1 and not single:
        single = together.popitem()[1]
    sides: dict[str, Side] = {}
    new: list[list[str]] = []
    for owner_id, digests in together.items():
        known = {earlier.pictures[digest] for digest in digests if digest in earlier.pictures}
        known |= earlier.owners.get(owner_id, frozenset())
        if len(known) == 1:
            sides.update(dict.fromkeys(digests, known.pop()))
        elif known:  # once the only uploader, who was split
            single += digests
        else:
            new.append(digests)
    for digest in single:
        if digest in earlier.pictures:
            sides[digest] = earlier.pictures[digest]
        else:
            new.append([digest])
    return sides, new


def _shuffled(digests: list[str]) -> str:
    return sha256(min(digests).encode()).hexdigest()
