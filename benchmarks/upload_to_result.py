"""From upload to result on a running, warm and idle site: `python -m benchmarks.upload_to_result URL PHOTO`.

The photograph is scaled to 640 pixels and made a little different each time, so that none is a duplicate.
Beside the whole way stand its inevitable parts, measured alone: decoding (the limited child, twice: at
the upload and in the worker), the generator with the merge, and the encoding of the three pictures.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from pathlib import Path

import django
from PIL import Image

from benchmarks.site import Visitor

LONG_SIDE = 640


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    photo = Image.open(options.photo).convert("RGB")
    photo.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    visitor = Visitor(options.url)
    whole = [_upload_to_result(visitor, _variant(photo, index)) for index in range(options.repeats + 2)][2:]
    parts = _parts(_variant(photo, -1), options.repeats)
    for name, values in {"upload to result": whole, **parts}.items():
        print(f"{name:<28} median {statistics.median(values):.3f} s   worst {max(values):.3f} s")
    rest = statistics.median(whole) - sum(statistics.median(values) for values in parts.values())
    print(f"{'all the rest':<28} median {rest:.3f} s")


def _variant(photo: Image.Image, index: int) -> bytes:
    changed = photo.copy()
    changed.putpixel((0, 0), (index % 256, (index * 7) % 256, os.getpid() % 256))
    blob = io.BytesIO()
    changed.save(blob, "JPEG", quality=92, comment=f"{index} {time.time_ns()}")
    return blob.getvalue()


def _upload_to_result(visitor: Visitor, blob: bytes) -> float:
    began = time.perf_counter()
    answer = visitor.upload("benchmark.jpg", blob)
    visitor.wait_for(answer["job"]["id"])
    took = time.perf_counter() - began
    visitor.api(f"/photos/{answer['id']}", method="DELETE")
    return took


def _parts(blob: bytes, repeats: int) -> dict[str, list[float]]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    from django.conf import settings
    from django.core.files.base import ContentFile

    from colorizer import Colorizer
    from colorizer.file_to_file import color_scan, write_colored
    from colorizer.inference import Settings
    from colorizer.scans import load
    from colorizer.writing import Target, reduced
    from gallery import images
    from gallery.decoding import PREVIEW_SIDE, THUMB_SIDE
    from worker.colorizing import READER

    colorizer = Colorizer.load(settings.PHOTOLAB_WEIGHTS)
    took: dict[str, list[float]] = {"decoding at the upload": [], "decoding in the worker": []}
    took |= {"generator and merge": [], "encoding": []}
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(blob)
        file.flush()
        for _ in range(repeats + 1):
            times = [time.perf_counter()]
            images.inspect(ContentFile(blob))
            times.append(time.perf_counter())
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                images.read_in_child(READER, Path(file.name), folder)
                times.append(time.perf_counter())
                colored = color_scan(colorizer, load(folder), settings=Settings())
                times.append(time.perf_counter())
                write_colored(colored, folder / "result", kind=Target(colored.scan.target_format))
                for side in (PREVIEW_SIDE, THUMB_SIDE):
                    images.encode_preview(reduced(colored.pixels, (side, side)), side)
                times.append(time.perf_counter())
            for name, start, end in zip(took, times, times[1:], strict=False):
                took[name].append(end - start)
    return {name: values[1:] for name, values in took.items()}


if __name__ == "__main__":
    main()
