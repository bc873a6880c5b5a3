"""When a photograph was taken, as far as anybody knows: a year, a month of it, or a day. Words in, words out."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

from gallery.models import DatePrecision, Photo

FORMATS = {
    DatePrecision.DAY: ("%Y-%m-%d", "%B %d, %Y", "%d %B %Y", "%d.%m.%Y"),
    DatePrecision.MONTH: ("%Y-%m", "%B %Y"),
    DatePrecision.YEAR: ("%Y",),
}
WRITTEN = {DatePrecision.DAY: "%Y-%m-%d", DatePrecision.MONTH: "%Y-%m", DatePrecision.YEAR: "%Y"}
EARLIEST = date(1800, 1, 1)
NOT_A_DATE = gettext_lazy("This is no date that a photograph can have: write 1923, 1923-06, June 1923 or 1923-06-15.")
# Blank or zero is how Exif leaves out what is not known: "1923:06:  " or "1923:00:00".
EXIF_DATE = re.compile(r"(\d{4}):(\d\d|  ):(\d\d|  )")


@dataclass(frozen=True)
class TakenOn:
    """`first` is the first day of the year or month, if no more is known. The fields of a Photo are made of both."""

    first: date
    precision: DatePrecision

    @classmethod
    def of(cls, photo: Photo) -> "TakenOn | None":
        return cls(photo.taken_on, DatePrecision(photo.taken_precision)) if photo.taken_on else None

    def __str__(self) -> str:
        """What read_date reads, whatever the language: 1923, 1923-06 or 1923-06-15."""
        return self.first.strftime(WRITTEN[self.precision])

    @property
    def last(self) -> date:
        """The last day that it may have been."""
        if self.precision == DatePrecision.YEAR:
            return self.first.replace(month=12, day=31)
        if self.precision == DatePrecision.MONTH:
            following = self.first.replace(day=28).toordinal() + 4
            return date.fromordinal(following - date.fromordinal(following).day)
        return self.first


def read_date(text: str) -> TakenOn | None:
    """None for nothing. Raises ValueError, whose str() is one sentence."""
    words = " ".join(text.split())
    if not words:
        return None
    for precision, formats in FORMATS.items():
        for one in formats:
            try:
                first = datetime.strptime(words, one).date()
            except ValueError:
                continue
            if EARLIEST <= first <= date.today() + timedelta(days=1):  # somewhere it is tomorrow already
                return TakenOn(first, precision)
    raise ValueError(gettext(NOT_A_DATE))


def read_exif_date(text: str) -> TakenOn | None:
    """None for what is no date of a photograph: a file is not refused for its notes."""
    found = EXIF_DATE.match(text)
    if found is None:
        return None
    known = []
    for part in found.groups():
        if not part.strip(" 0"):
            break
        known.append(part)
    try:
        return read_date("-".join(known))
    except ValueError:
        return None


def words_of(taken: TakenOn) -> str:
    """In the visitor's language: "1923", "June 1923", "June 15, 1923"."""
    if taken.precision == DatePrecision.YEAR:
        return str(taken.first.year)
    return date_format(taken.first, "YEAR_MONTH_FORMAT" if taken.precision == DatePrecision.MONTH else "DATE_FORMAT")
