"""Receives uploaded files. A file over the limit is read to its end but never kept on disk."""

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler


def max_upload_bytes() -> int:
    return settings.PHOTOLAB_MAX_UPLOAD_MB * 1024 * 1024


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Always a file on disk, since the decoder is another process. `size` is what was sent, not what was kept."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= max_upload_bytes():
            self.file.write(raw_data)
