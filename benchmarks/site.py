"""A visitor of a running site for the benchmarks: signs up in the browser's way, then uses the API."""

import http.client
import http.cookiejar
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


def rss_mb(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


class Visitor:
    """An account made for one measurement."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.name = f"bench-{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(12)
        self._sign_up()
        self.token = self.api("/tokens", {"username": self.name, "password": self.password})["token"]

    @property
    def cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)

    def _sign_up(self) -> None:
        page = f"{self.url}/accounts/signup/"
        self._opener.open(page).read()
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        fields = {"username": self.name, "password1": self.password, "password2": self.password}
        form = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        self._opener.open(urllib.request.Request(page, form, {"Referer": page})).read()

    def open(self, path: str) -> http.client.HTTPResponse:
        """A page or a file, as a browser is given it."""
        return self._opener.open(f"{self.url}{path}")

    def api(self, path: str, data: dict[str, Any] | None = None, *, method: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "token"):
            headers["Authorization"] = f"Bearer {self.token}"
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", body, headers, method=method)
        answer = urllib.request.urlopen(request).read()
        return json.loads(answer) if answer else None

    def ask_page(self, path: str, value: dict[str, Any]) -> bytes:
        """What a page's own script sends: JSON with the session and the token against forged requests."""
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        headers = {"Content-Type": "application/json", "X-CSRFToken": token, "Referer": self.url}
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(value).encode(), headers)
        return self._opener.open(request).read()

    def upload(self, name: str, blob: bytes) -> dict[str, Any]:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        body = head + blob + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        request = urllib.request.Request(f"{self.url}/api/v1/photos", body, headers)
        return json.loads(urllib.request.urlopen(request).read())

    def wait_for(self, job_id: int, *, timeout_s: float = 120.0) -> None:
        """Ask every 20 ms until the job is done. Raises RuntimeError when it ended otherwise."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job = self.api(f"/jobs/{job_id}")
            if job["state"] == "done":
                return
            if job["state"] not in ("queued", "running"):
                raise RuntimeError(f"job {job_id} ended {job['state']}: {job['error']}")
            time.sleep(0.02)
        raise RuntimeError(f"job {job_id} was not done after {timeout_s} s")
