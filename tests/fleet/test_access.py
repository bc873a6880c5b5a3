"""Every address, every method, every visitor: what tests.access.test_table tries in part."""

from django.test import tag

from tests.access.routes import METHODS, UNLISTED, VISITORS, all_addresses, read_table
from tests.access.visitors import Visitors
from tests.base import GalleryTestCase


@tag("fleet")
class EveryRequestTests(Visitors, GalleryTestCase):
    def test_every_request_is_answered_as_the_table_says(self) -> None:
        table, requests = read_table(), 0
        for address in all_addresses():
            for method in METHODS:
                requests += len(VISITORS)
                if expected := table.get((address, method)):
                    self.assert_answered(address, method, expected, VISITORS)
                else:
                    with self.subTest(address, method=method):
                        self.assertLessEqual(set(self.answers(method, address).values()), UNLISTED)
        self.figures = f"{requests} requests, {len(all_addresses())} addresses"
