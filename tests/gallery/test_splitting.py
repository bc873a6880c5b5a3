"""The rule by which pictures are held out, on many random collections."""

import random

from django.test import SimpleTestCase

from gallery.models import Side
from gallery.splitting import Earlier, Picture, split

NOTHING = Earlier({}, {})


def pictures_of(owner_id: int, count: int, *, is_of_set: bool = False, first: int = 0) -> list[Picture]:
    return [Picture(f"{owner_id:04x}{number:060x}", owner_id, is_of_set) for number in range(first, first + count)]


def held_out(sides: dict[str, Side]) -> int:
    return list(sides.values()).count(Side.HOLDOUT)


def earlier(pictures: list[Picture], sides: dict[str, Side]) -> Earlier:
    """What the rows say after a run with these pictures."""
    owners: dict[int, set[Side]] = {}
    for picture in pictures:
        if not picture.is_of_set:
            owners.setdefault(picture.owner_id, set()).add(sides[picture.digest])
    return Earlier(sides, {owner: frozenset(known) for owner, known in owners.items()})


class SplitTests(SimpleTestCase):
    def random_collection(self, chance: random.Random) -> list[Picture]:
        found = []
        for owner_id in range(chance.randint(2, 8)):
            found += pictures_of(owner_id, chance.randint(1, 40))
        if chance.random() < 0.5:
            found += pictures_of(99, chance.randint(1, 80), is_of_set=True)
        return found

    def test_an_uploader_is_on_one_side_and_both_sides_have_pictures(self) -> None:
        chance = random.Random(1)
        for _ in range(200):
            pictures = self.random_collection(chance)
            sides = split(pictures, NOTHING)
            self.assertEqual(len(sides), len(pictures))
            for owner_id in range(8):
                own = {sides[p.digest] for p in pictures if p.owner_id == owner_id and not p.is_of_set}
                self.assertLessEqual(len(own), 1)
            self.assertTrue(0 < held_out(sides) < len(pictures))

    def test_no_picture_and_no_uploader_changes_sides_when_others_come(self) -> None:
        chance = random.Random(2)
        for _ in range(100):
            first = self.random_collection(chance)
            before = split(first, NOTHING)
            more = [*first, *pictures_of(3, 5, first=100), *pictures_of(50, 30), *pictures_of(98, 30, is_of_set=True)]
            after = split(more, earlier(first, before))
            self.assertEqual({digest: after[digest] for digest in before}, before)
            for owner_id in range(8):
                own = {after[p.digest] for p in more if p.owner_id == owner_id and not p.is_of_set}
                self.assertLessEqual(len(own), 1)

    def test_an_uploader_keeps_a_side_even_when_none_of_the_earlier_pictures_is_chosen(self) -> None:
        new = [*pictures_of(1, 5), *pictures_of(2, 5), *pictures_of(3, 30)]
        for first, second in ((Side.TRAIN, Side.HOLDOUT), (Side.HOLDOUT, Side.TRAIN)):
            sides = split(new, Earlier({}, {1: frozenset({first}), 2: frozenset({second})}))
            self.assertEqual({sides[picture.digest] for picture in new[:5]}, {first})
            self.assertEqual({sides[picture.digest] for picture in new[5:10]}, {second})

    def test_a_withdrawn_picture_that_comes_back_is_on_its_old_side(self) -> None:
        pictures = pictures_of(1, 30, is_of_set=True)
        before = split(pictures, NOTHING)
        for withdrawn in pictures:
            others = [picture for picture in pictures if picture != withdrawn]
            split(others, Earlier(before, {}))
            self.assertEqual(split(pictures, Earlier(before, {})), before)

    def test_the_order_in_which_pictures_are_read_does_not_matter(self) -> None:
        pictures = self.random_collection(random.Random(3))
        self.assertEqual(split(pictures, NOTHING), split(pictures[::-1], NOTHING))

    def test_a_fifth_is_held_out_and_no_fewer_than_twenty_where_that_leaves_two_thirds(self) -> None:
        for count, expected in ((400, 80), (100, 20), (60, 20), (30, 10), (9, 3)):
            with self.subTest(count):
                self.assertEqual(held_out(split(pictures_of(1, count, is_of_set=True), NOTHING)), expected)

    def test_a_sole_uploader_is_split_and_stays_split_beside_others(self) -> None:
        alone = pictures_of(1, 60)
        before = split(alone, NOTHING)
        self.assertEqual(held_out(before), 20)
        more = [*alone, *pictures_of(1, 60, first=60), *pictures_of(2, 30)]
        after = split(more, earlier(alone, before))
        self.assertEqual({digest: after[digest] for digest in before}, before)
        self.assertEqual(len({after[p.digest] for p in more if p.owner_id == 2}), 1)

    def test_of_two_large_uploaders_the_smaller_is_held_out(self) -> None:
        sides = split([*pictures_of(1, 50), *pictures_of(2, 40)], NOTHING)
        self.assertEqual({digest[:4] for digest, side in sides.items() if side == Side.HOLDOUT}, {"0002"})

    def test_nothing_is_held_out_of_what_was_all_learned_from(self) -> None:
        pictures = pictures_of(1, 10, is_of_set=True)
        sides = split(pictures, Earlier({picture.digest: Side.TRAIN for picture in pictures}, {}))
        self.assertEqual(held_out(sides), 0)
