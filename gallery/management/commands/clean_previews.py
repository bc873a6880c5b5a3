"""manage.py clean_previews: once, for photographs uploaded before previews were freed of comments."""

from typing import Any

from django.core.management.base import BaseCommand

from gallery import services


class Command(BaseCommand):
    help = (
        "Frees previews and thumbnails of the comments that uploaded JPEG files had. Those stored by this version have "
        "none, so once is enough; a second time changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{services.clean_previews()} photographs had comments in their previews; they are gone.")
