"""Nobody in: each address of the site, with each method, by six visitors, is answered as tests/access/table says.

Here are the table itself, and the requests that tell most; tests.fleet.test_access makes all of them.
"""

from tests.access.routes import FOLDER, LOGIN, METHODS, VISITORS, Answers, all_addresses, as_line, read_table
from tests.access.visitors import TRIED_AT_ADMIN, Visitors
from tests.base import GalleryTestCase

# What is below /admin/ and no page of it.
DOORS = {"/admin/login/", "/admin/logout/", "/admin/password_change/"}
OWNED = ("<photo_id>", "<job_id>", "<album_id>", "<share_id>", "<batch_id>", "<upload_id>", "<key_digest>")
OWNED += ("<delivery_id>",)


class TableTests(Visitors, GalleryTestCase):
    def test_every_address_has_its_lines_and_every_line_an_address(self) -> None:
        written, there = {address for address, _ in read_table()}, set(all_addresses())
        self.assertEqual(set(), written - there, "There is no such address any more.")
        for address in sorted(there - written):
            lines = [as_line(address, method, self.answers(method, address)) for method in METHODS]
            told = f"{address} has no line in {FOLDER}. If these answers are right, put in those that are no refusals:"
            with self.subTest(address):
                self.fail("\n".join([told, *lines]))

    def test_the_table_lets_nobody_in(self) -> None:
        for (address, method), answers in read_table().items():
            with self.subTest(address, method=method):
                self.assertFalse([answer for answer in answers.values() if answer.startswith("50") and answer != "503"])
                if address.startswith("/admin/"):
                    self.assert_of_the_staff(address, answers)
                    continue
                self.assertEqual(answers["stranger"], answers["clerk"])
                if owned(address):
                    self.assert_of_the_owner(address, answers)

    def assert_of_the_staff(self, address: str, answers: Answers) -> None:
        if address not in DOORS:
            self.assertEqual({LOGIN}, {answers[visitor] for visitor in ("anonymous", "stranger", "owner", "guest")})

    def assert_of_the_owner(self, address: str, answers: Answers) -> None:
        """Whoever else is known is told that there is nothing, the staff included."""
        nobody = "401" if address.startswith("/api/") else LOGIN
        self.assertEqual({nobody}, {answers["anonymous"], answers["guest"]})
        self.assertEqual({"404"}, {answers["stranger"], answers["clerk"], answers["superuser"]})

    def test_a_link_opens_nothing_but_what_it_is_for(self) -> None:
        for (address, method), answers in read_table().items():
            with self.subTest(address, method=method):
                if "<token>" in address:
                    others = {answers[visitor] for visitor in ("anonymous", "stranger", "clerk", "superuser")}
                    self.assertEqual(({"404"}, "200"), (others, answers["guest"]))
                elif address != "/api/v1/tokens":  # where a link is no key
                    self.assertEqual(answers["anonymous"], answers["guest"])

    def test_visitors_are_answered_as_the_table_says(self) -> None:
        for (address, method), answers in read_table().items():
            if address.startswith("/admin/"):
                if method == "GET":
                    self.assert_answered(address, method, answers, TRIED_AT_ADMIN)
            else:
                self.assert_answered(address, method, answers, VISITORS)

    def test_forged_orders_are_refused(self) -> None:
        """A form that another site sends in the owner's name lacks the token of our pages."""
        forged = [
            address
            for (address, method), answers in read_table().items()
            if method == "POST" and not address.startswith(("/admin/", "/api/")) and answers["owner"] != "404"
        ]
        self.assertGreater(len(forged), 30)
        for address in forged:
            with self.subTest(address), self.assertLogs("django.security.csrf"):
                self.assertEqual(403, self.ask("owner", "POST", address, forged=True).status_code)


def owned(address: str) -> bool:
    """Whether it names something of the owner's; what the admin shows is for the staff."""
    return not address.startswith("/admin/") and any(name in address for name in OWNED)
