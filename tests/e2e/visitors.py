"""Two kinds of visitors without a browser: one that sends plain forms, and one that speaks the API."""

import re
from typing import Any

import httpx

PASSWORD = "a long and quiet afternoon"
TOKEN_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT_S = 60


class FormVisitor:
    """Reads pages and sends their forms, as a browser without JavaScript does."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=TIMEOUT_S, follow_redirects=True)

    def sign_up(self, name: str) -> httpx.Response:
        fields = {"username": name, "email": f"{name}@example.org", "password1": PASSWORD, "password2": PASSWORD}
        return self.send("/accounts/signup/", fields)

    def send(self, page: str, fields: dict[str, str], *, to: str = "", files: Any = None) -> httpx.Response:
        """Fill in the form on a page and send it where the form says."""
        token = TOKEN_FIELD.search(self.http.get(page).text)
        assert token, f"{page} has no form"
        return self.http.post(to or page, data={"csrfmiddlewaretoken": token[1], **fields}, files=files)

    def close(self) -> None:
        self.http.close()


class ApiVisitor:
    """Calls /api/v1 with a token."""

    def __init__(self, url: str, name: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_S)
        answer = self.http.post("/tokens", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def upload(self, content: bytes, name: str = "photo.jpg") -> httpx.Response:
        return self.http.post("/photos", files={"file": (name, content)})

    def order(self, content: bytes, name: str = "photo.jpg") -> tuple[int, int]:
        """Upload a photograph that will be accepted: the ids of photo and job."""
        answer = self.upload(content, name)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], answer.json()["job"]["id"]

    def state(self, job_id: int) -> str:
        return self.http.get(f"/jobs/{job_id}").json()["state"]

    def close(self) -> None:
        self.http.close()


def join(url: str, name: str) -> ApiVisitor:
    """A new account, and its owner at the API."""
    visitor = FormVisitor(url)
    assert visitor.sign_up(name).status_code == 200
    visitor.close()
    return ApiVisitor(url, name)
