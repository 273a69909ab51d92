"""A site with people in it, and browsers through which they look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from edupulse.accounts import passwords
from edupulse.accounts.models import ROLES
from edupulse.accounts.users import create_user
from edupulse.database import db

PASSWORD = "four random words here"


class Browser:
    """Keeps cookies, carries the CSRF token, and leaves to the next request only what a browser would."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._open(path, method="GET", **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form as a page of ours would."""
        return self._open(path, method="POST", data={"csrf_token": self.token(), **(data or {})}, **options)

    def post_without_token(
        self, path: str, data: dict[str, Any] | None = None, **options: Any
    ) -> TestResponse:
        return self._open(path, method="POST", data=data or {}, **options)

    def open(self, path: str, method: str) -> TestResponse:
        return self._open(path, method=method)

    def token(self) -> str:
        """Return the token that a page would carry now; a page is only asked for where none was looked at yet."""
        if (known := self._known_token()) is not None:
            return known
        found = re.search(
            r'name="csrf_token" value="([^"]+)"', self.get("/account", follow_redirects=True).text
        )
        assert found is not None
        return found[1]

    def _known_token(self) -> str | None:
        with self.app.app_context(), self.client.session_transaction() as session:
            said = session.get("csrf_token")
        signer = URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token")
        return None if said is None else str(signer.dumps(said))

    def sign_in(self, email: str, password: str = PASSWORD, **data: str) -> TestResponse:
        return self.post("/sign-in", {"email": email, "password": password, **data})

    def _open(self, path: str, **options: Any) -> TestResponse:
        # A context of its own per request, as on a server: otherwise who is signed in would leak through `g`.
        with self.app.app_context():
            response = self.client.open(path, buffered=True, **options)
        db.session.rollback()
        db.session.expire_all()
        return response


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "METHOD", "scrypt:512:8:1")
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def site(sqlite_app: Flask) -> Flask:
    """The application on SQLite: what the pages show does not depend on the database below."""
    return sqlite_app


@pytest.fixture
def visitor(site: Flask) -> Browser:
    """Somebody who is not signed in."""
    return Browser(site)


@pytest.fixture
def browser_of(site: Flask) -> Callable[[str], Browser]:
    """Return a function that gives the browser of somebody with a role, signed in."""
    browsers: dict[str, Browser] = {}

    def get(role: str) -> Browser:
        if role not in browsers:
            create_user(f"{role}@school.example", role.capitalize(), role, PASSWORD)
            browsers[role] = Browser(site)
            assert browsers[role].sign_in(f"{role}@school.example").status_code == 303
        return browsers[role]

    return get


@pytest.fixture
def viewer(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("viewer")


@pytest.fixture
def operator(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("operator")


@pytest.fixture
def admin(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("admin")


@pytest.fixture(params=["nobody", *ROLES])
def anybody(
    request: pytest.FixtureRequest, visitor: Browser, browser_of: Callable[[str], Browser]
) -> tuple[str, Browser]:
    """A role and its browser, "nobody" included."""
    return request.param, visitor if request.param == "nobody" else browser_of(request.param)


def words_of(response: TestResponse) -> str:
    """Return the text of a page as a person reads it, in one line."""
    without_head = re.sub(r"<(head|script|style)\b.*?</\1>", " ", response.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_head)).split())
