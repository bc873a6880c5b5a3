"""What `benchmark` finds out: figures without paths, as data and as a table."""

import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    processor: str
    cores: int
    threads: int
    torch: str
    device: str
    number_format: str


@dataclass(frozen=True)
class FileTimes:
    """Medians in seconds of a JPEG from file to file, its steps, and the floor: decoding and encoding by libvips."""

    megapixels: int
    source_mb: float
    whole_s: float
    decode_s: float
    network_s: float
    merge_s: float
    encode_s: float
    floor_s: float  # decoding the source and encoding the result, nothing else
    ratio: float  # of what is not the network to the floor
    peak_mb: float  # above the loaded process


@dataclass(frozen=True)
class Results:
    """Milliseconds by "height x width", pictures in a second by batch, and the rest in seconds."""

    machine: Machine
    network_ms: dict[str, float]
    known_network_ms: dict[str, float]  # of the known recipe (`pix2pix`), in the same number format
    pictures_per_s: dict[int, float]
    files: list[FileTimes]
    folder: dict[str, float]
    ready_s: float  # a process from nothing to a loaded generator
    first_result_s: float  # the command line from nothing to one small photograph's result
    loaded_mb: float  # resident memory of a process with the generator

    def table(self) -> str:
        m = self.machine
        lines = [f"{m.processor}, {m.cores} cores, {m.threads} threads, torch {m.torch}, {m.device} {m.number_format}"]
        lines += [f"network {size:<9}  {ms:8.1f} ms" for size, ms in self.network_ms.items()]
        lines += [f"known   {size:<9}  {ms:8.1f} ms   pix2pix's U-Net" for size, ms in self.known_network_ms.items()]
        lines += [f"batch of {size:>2}        {rate:8.1f} pictures/s" for size, rate in self.pictures_per_s.items()]
        for row in self.files:
            lines.append(
                f"{row.megapixels:>3} megapixels     {row.whole_s:8.2f} s   decode {row.decode_s:.2f}, network "
                f"{row.network_s:.2f}, merge {row.merge_s:.2f}, encode {row.encode_s:.2f}; without the network "
                f"{row.ratio:.1f} x libvips's {row.floor_s:.2f} s; peak +{row.peak_mb:.0f} MB"
            )
        lines.append(f"a folder of {self.folder['photographs']:.0f}   {self.folder['per_s']:8.1f} photographs/s")
        lines.append(f"ready             {self.ready_s:8.2f} s   with {self.loaded_mb:.0f} MB resident")
        lines.append(f"first result      {self.first_result_s:8.2f} s   by the command line, all included")
        return "\n".join(lines)


def processor() -> str:
    """Its name, as the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
