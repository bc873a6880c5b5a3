"""Whether rows and stored files agree: what is missing, cut short, damaged, contradicts itself, or is nobody's."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import chain

from django.core.files.storage import default_storage
from django.utils import timezone

from gallery import files
from gallery.models import IntegrityCheck, Job, JobState, Result
from gallery.named_files import NamedFile, named_files

LISTED_AT_MOST = 200
# Younger ones may be about to get their row: files are stored first.
STRAY_AFTER = timedelta(hours=1)

Kind = IntegrityCheck.Problem


@dataclass(frozen=True)
class Problem:
    kind: str
    row: str
    key: str = ""


@dataclass
class Findings:
    files_named: int = 0
    files_read: int = 0
    bytes_read: int = 0
    problem_count: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    stray_count: int = 0
    stray_bytes: int = 0

    def add(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < LISTED_AT_MOST:
            self.problems.append(asdict(problem))


def find_problems(*, reads_bytes: bool, tell: Callable[[Findings], None]) -> Findings:
    """`tell` hears after each file how far it is, and may raise to end it. Raises files.storage_errors().

    The site goes on meanwhile: what looks wrong is looked at again at the end, when rows and files that came or went
    in between have settled.
    """
    found = Findings()
    stored = {file.key: file for file in files.list_stored()}
    suspects: list[Problem] = []
    for named in named_files():
        found.files_named += 1
        suspect = _look_at(named, stored.pop(named.key, None), reads_bytes, found)
        if suspect:
            suspects.append(suspect)
        tell(found)
    _confirm(suspects, stored, found)
    for problem in chain(_done_without_result(), _results_not_done()):
        found.add(problem)
    return found


def _look_at(named: NamedFile, stored: files.StoredFile | None, reads_bytes: bool, found: Findings) -> Problem | None:
    if stored is None:
        return Problem(Kind.MISSING, named.row, named.key)
    if named.byte_size not in (None, stored.byte_size):
        return Problem(Kind.SIZE, named.row, named.key)
    if reads_bytes and named.digest:
        found.files_read += 1
        found.bytes_read += stored.byte_size
        try:
            if files.digest_of(named.key) != named.digest:
                return Problem(Kind.DAMAGED, named.row, named.key)
        except FileNotFoundError:
            return Problem(Kind.MISSING, named.row, named.key)
    return None


def _confirm(suspects: list[Problem], stored: dict[str, files.StoredFile], found: Findings) -> None:
    """A file that came after the listing is there by now, and a row that went with its file is gone by now.

    `stored` is what no row had named: of that, too, some has its row by now.
    """
    still_named = {named.key for named in named_files()} if suspects or stored else set()
    for problem in suspects:
        if problem.key in still_named and not (problem.kind == Kind.MISSING and default_storage.exists(problem.key)):
            found.add(problem)
    young = timezone.now() - STRAY_AFTER
    strays = [file for file in stored.values() if file.key not in still_named and file.changed_at < young]
    found.stray_count, found.stray_bytes = len(strays), sum(file.byte_size for file in strays)


def _done_without_result() -> Iterator[Problem]:
    for pk in Job.objects.filter(status=JobState.DONE, result=None).order_by("pk").values_list("pk", flat=True):
        yield Problem(Kind.NO_RESULT, f"job {pk}")


def _results_not_done() -> Iterator[Problem]:
    for pk in Result.objects.exclude(job__status=JobState.DONE).order_by("pk").values_list("pk", flat=True):
        yield Problem(Kind.NOT_DONE, f"result {pk}")
