"""Every address, every method, every visitor: what tests.access.test_table tries in part.

But for pages of the admin that take time: by odd methods, which it answers as GET, they are asked by those kept out.
"""

from django.test import tag

from tests.access.routes import METHODS, UNLISTED, VISITORS, all_addresses, read_table
from tests.access.visitors import TRIED_AT_ADMIN, Visitors
from tests.base import GalleryTestCase


@tag("fleet")
class EveryRequestTests(Visitors, GalleryTestCase):
    def test_every_request_is_answered_as_the_table_says(self) -> None:
        table, requests = read_table(), 0
        for address in all_addresses():
            for method in METHODS:
                is_odd = address.startswith("/admin/") and method not in ("GET", "POST")
                visitors = TRIED_AT_ADMIN if is_odd else VISITORS
                requests += len(visitors)
                expected = table.get((address, method))
                for visitor in visitors:
                    with self.subTest(address, method=method, visitor=visitor):
                        allowed = {expected[visitor]} if expected else UNLISTED
                        self.assertIn(self.answer(visitor, method, address), allowed)
        self.figures = f"{requests} requests, {len(all_addresses())} addresses"
