"""A storage on a disk that is full by the time the thumbnail comes."""

import errno

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class FullDisk(FileSystemStorage):
    def _save(self, name: str, content: File) -> str:
        if name.endswith("thumb.jpg"):
            raise OSError(errno.ENOSPC, "No space left on device", name)
        return super()._save(name, content)
