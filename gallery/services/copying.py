"""What one photograph was told, told to others of its owner: places and radii grow and shrink with the photographs."""

from collections.abc import Iterable
from dataclasses import replace

from gallery.models import Job, Photo, Priority
from gallery.services.variants import order_variant
from gallery.variants import Spot, VariantSettings


def copy_settings(job: Job, photos: Iterable[Photo]) -> int:
    """How many of the photos wait now to be colored as the job was told, after what somebody waits for.

    Raises SettingsRefused.
    """
    told = VariantSettings.parse(job.settings)
    orders = [order_variant(photo, scaled(told, job.photo, photo), priority=Priority.BATCH) for photo in photos]
    return len(orders)


def scaled(told: VariantSettings, source: Photo, target: Photo) -> VariantSettings:
    """The same places in a photograph of another size: what was in the middle is in the middle again."""
    across, down = target.width / source.width, target.height / source.height

    def there(spot: Spot) -> Spot:
        return replace(spot, x=spot.x * across, y=spot.y * down, radius=spot.radius * min(across, down))

    return replace(told, hints=tuple(map(there, told.hints)), keep_grey=tuple(map(there, told.keep_grey)))
