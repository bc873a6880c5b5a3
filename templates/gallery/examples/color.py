# PHOTOLAB_KEY is a key with the scopes read and upload. Needs: pip install requests
import os
import sys
import time
from pathlib import Path

import requests

API = "{{ site }}/api/v1"
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['PHOTOLAB_KEY']}"


def color(path):
    once = f"{path.name} {path.stat().st_mtime_ns}"  # sent again after a break, it is still one photograph
    with path.open("rb") as file:
        answer = session.post(f"{API}/photos", files={"file": file}, headers={"Idempotency-Key": once})
    if answer.status_code == 422:
        return print(answer.json()["error"])
    answer.raise_for_status()
    photo = answer.json()
    job = photo["job"]
    while job["state"] in ("queued", "running"):
        time.sleep(1)
        job = session.get(f"{API}/jobs/{job['id']}").json()
    if job["state"] != "done":
        return print(f"{path.name}: {job['error'] or job['state']}")
    result = session.get(f"{API}/photos/{photo['id']}/result")
    result.raise_for_status()
    path.with_name(f"{path.stem}-colored{path.suffix}").write_bytes(result.content)
    print(f"{path.name} is in color")


for name in sys.argv[1:]:
    color(Path(name))
