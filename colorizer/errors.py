"""The ways in which the colorizer fails. Each message is a plain sentence that can be shown to a user."""


class ColorizerError(Exception):
    """Anything that keeps the colorizer from doing what it was asked to do."""


class WeightsError(ColorizerError):
    """The weights or their card are missing, damaged or of another network."""


class ImageError(ColorizerError):
    """A file that is no photograph this library can read."""


class TooLargeError(ImageError):
    """A photograph that would take more memory than is allowed."""


class DeviceError(ColorizerError):
    """This machine has no such device."""


class HintsError(ColorizerError):
    """Hints that are not written as they should be."""


class NoColorError(ColorizerError):
    """The generator found no color: the answer would be the grey photograph itself."""


class OutOfMemoryError(ColorizerError):
    """The device has too little memory for this photograph."""


class DeviceFullError(OutOfMemoryError):
    """The device has no room for the network's work on a single photograph, of whatever size."""


class TrainingError(ColorizerError):
    """Training cannot start or cannot go on."""


_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "is killed by signal: Killed")


def is_no_memory(error: Exception) -> bool:
    """Whether memory ran out. torch has a class for that on other devices; of the processor's it tells in words."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(said in str(error) for said in _NO_MEMORY)
    )
