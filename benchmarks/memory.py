"""Memory of a running site's processes: `python -m benchmarks.memory PID` (Linux), PID of `make run`.

Beside the resident memory stands what is left of it when pages that several processes share are divided among them:
these numbers may be added up.
"""

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pid", type=int)
    for pid in _family(parser.parse_args().pid):
        fields = _rows(f"/proc/{pid}/status")
        now, peak = (int(fields[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        shared = _rows(f"/proc/{pid}/smaps_rollup", skip=1)
        own = int(shared["Pss"].split()[0]) / 1024
        print(f"{pid:>8} {now:7.0f} MB, at most {peak:7.0f} MB, divided {own:7.0f} MB   {command[:90]}")


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _rows(path: str, *, skip: int = 0) -> dict[str, str]:
    lines = Path(path).read_text().splitlines()[skip:]
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


if __name__ == "__main__":
    main()
