"""What this machine has left for a training, and what this process holds. None where it does not say."""

import os
import shutil
from pathlib import Path

from django.conf import settings

MEMINFO = Path("/proc/meminfo")
STATM = Path("/proc/self/statm")
CGROUP = Path("/sys/fs/cgroup")  # a container's own limit, version 2


def free_disk() -> int:
    """Bytes, where the data folder is."""
    return shutil.disk_usage(settings.PHOTOLAB_DATA).free


def free_memory() -> int | None:
    """Bytes that programs may take without pushing others out. None where the system is not Linux."""
    free = [room for room in (_of_machine(), _of_container()) if room is not None]
    return min(free, default=None)


def held_memory() -> int | None:
    """Bytes of this process that lie in memory now. None where the system is not Linux."""
    if not STATM.exists():
        return None
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _of_machine() -> int | None:
    if not MEMINFO.exists():
        return None
    rows = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(rows["MemAvailable"].split()[0]) * 1024


def _of_container() -> int | None:
    limit, used = CGROUP / "memory.max", CGROUP / "memory.stat"
    if not limit.exists() or not used.exists() or limit.read_text().strip() == "max":
        return None
    rows = dict(line.split() for line in used.read_text().splitlines())
    return max(0, int(limit.read_text()) - int(rows["anon"]))
