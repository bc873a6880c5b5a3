"""Accounts and photographs in the fleet's own database and storage; runs there by `Fleet.inside`."""

import hashlib

from gallery import files
from gallery.integrity import find_problems
from gallery.named_files import named_files
from gallery.services.strays import StraySweep
from tests import pictures
from tests.base import Cast, Orders


def add_photos(name: str, count: int) -> list[int]:
    """Jobs of a new account, each with its photograph, as if it had uploaded them."""
    owner = Cast.make_user(name)
    jobs = []
    for mark in range(count):
        digest = hashlib.sha256(pictures.jpeg((64, 48), mark=mark)).hexdigest()
        photo = Orders().make_photo(owner, mark=mark, digest=digest)
        jobs.append(photo.jobs.get().pk)
    return jobs


def sweep_and_compare() -> dict[str, object]:
    """After upkeep's sweep, without its patience: which files have no row, and what the integrity check finds."""
    removed = StraySweep(patience_s=0).remove_stray_files()
    named, stored = {file.key for file in named_files()}, {file.key for file in files.list_stored()}
    problems = find_problems(reads_bytes=True, tell=lambda _: None).problems
    return {
        "swept": removed,
        "without_row": sorted(stored - named),
        "without_file": sorted(named - stored),
        "problems": problems,
    }
