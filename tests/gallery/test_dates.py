"""When a photograph was taken: what people write, what Exif writes, and what is made of it."""

from datetime import date

from django.test import SimpleTestCase
from PIL import Image

from gallery import services
from gallery.dates import TakenOn, read_date, read_exif_date, words_of
from gallery.decoding import EXIF_IFD, EXIF_TAKEN
from gallery.models import DatePrecision
from tests import pictures
from tests.base import GalleryTestCase, as_upload


class ReadingTests(SimpleTestCase):
    def test_people_write_what_they_know(self) -> None:
        for text, first, precision in (
            ("1923", date(1923, 1, 1), DatePrecision.YEAR),
            (" June  1923 ", date(1923, 6, 1), DatePrecision.MONTH),
            ("1923-06", date(1923, 6, 1), DatePrecision.MONTH),
            ("1923-06-15", date(1923, 6, 15), DatePrecision.DAY),
            ("June 15, 1923", date(1923, 6, 15), DatePrecision.DAY),
            ("15 june 1923", date(1923, 6, 15), DatePrecision.DAY),
            ("15.06.1923", date(1923, 6, 15), DatePrecision.DAY),
        ):
            with self.subTest(text):
                self.assertEqual(read_date(text), TakenOn(first, precision))

    def test_nothing_is_no_date(self) -> None:
        self.assertIsNone(read_date("  "))

    def test_what_no_photograph_can_have_is_refused_in_a_sentence(self) -> None:
        for text in ("long ago", "1723", "2999", "1923-13", "1923-02-30", "12", "1923\x00"):
            with self.subTest(text), self.assertRaisesMessage(ValueError, "write 1923, 1923-06, June 1923"):
                read_date(text)

    def test_what_is_written_is_read_again(self) -> None:
        for text in ("1923", "1923-06", "1923-06-15"):
            self.assertEqual(str(read_date(text)), text)

    def test_words_say_no_more_than_is_known(self) -> None:
        words = [words_of(read_date(text)) for text in ("1923", "1923-06", "1923-06-15")]
        self.assertEqual(words, ["1923", "June 1923", "June 15, 1923"])

    def test_the_last_day_that_it_may_have_been(self) -> None:
        for text, last in (("1923", "1923-12-31"), ("1924-02", "1924-02-29"), ("1923-12", "1923-12-31")):
            self.assertEqual(read_date(text).last.isoformat(), last)


class UploadTests(GalleryTestCase):
    def taken_of(self, exif: Image.Exif | bytes) -> str | None:
        photo = services.upload_photo(self.owner, as_upload(pictures.encoded(pictures.grey(), exif=exif))).photo
        photo.refresh_from_db()
        return str(TakenOn.of(photo)) if photo.taken_on else None

    def test_an_upload_brings_its_date_along(self) -> None:
        exif = Image.Exif()
        exif.get_ifd(EXIF_IFD)[EXIF_TAKEN] = "1987:06:00 00:00:00"
        self.assertEqual(self.taken_of(exif), "1987-06")

    def test_exif_that_cannot_be_read_keeps_no_photograph_out(self) -> None:
        for number, exif in enumerate((b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense")):
            with self.subTest(number):
                self.assertIsNone(self.taken_of(exif))


class ExifTests(SimpleTestCase):
    def test_it_reads_what_is_known(self) -> None:
        for text, known in (
            ("1923:06:15 10:20:30", "1923-06-15"),
            ("1923:06:00 00:00:00", "1923-06"),
            ("1923:  :     :  :  ", "1923"),
        ):
            with self.subTest(text):
                self.assertEqual(str(read_exif_date(text)), known)

    def test_nonsense_is_passed_over(self) -> None:
        for text in ("", "0000:00:00 00:00:00", "2999:01:01 00:00:00", "yesterday", "1923:13:01 00:00:00"):
            with self.subTest(text):
                self.assertIsNone(read_exif_date(text))
