"""`/users/`: who may sign in, for administrators; `/me/`: who calls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import request
from pydantic import Field

from edupulse.accounts import signing_in, users
from edupulse.api.answers import facts_of
from edupulse.api.gate import actor, caller
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Shown, Text

noun = Noun("users", __name__)

Role = Literal["viewer", "operator", "admin"]
Name = Annotated[Text, Field(max_length=users.LONGEST_NAME)]
MAY = "A viewer may look, an operator act, an administrator manage people."


class User(Shown):
    """A person who may sign in."""

    email: str
    name: str
    role: str
    active: bool
    locale: str = Field(description="en or zh; empty: as the browser asks.")
    created_at: datetime
    last_seen_at: datetime | None


class NewUser(Body):
    """Let somebody sign in; without a name they are called by their address."""

    email: Text
    role: Role = Field(description=MAY)
    password: Text
    name: Name | None = None


class UserChange(Body):
    """What should be otherwise; the rest stays. A new password ends the person's sessions."""

    name: Name | None = None
    role: Role | None = None
    active: bool | None = None
    password: Text | None = None


class ShownToken(Shown):
    """The token that this call carries; its role is the lower of its own and the person's."""

    id: int
    name: str
    role: str
    expires_at: datetime | None


class Me(Shown):
    """The person behind the token, and the token."""

    user: User
    token: ShownToken


class NewOwnPassword(Body):
    """Your password, and the one that you want."""

    current: Text
    password: Text


class OwnChange(Body):
    """In which language you are spoken to: en or zh; empty: as the browser asks, and in mails as the organisation."""

    locale: Literal["", "en", "zh"]


@noun.get("/users/", gives=ListOf[User])
def list_users() -> dict[str, Any]:
    """List everybody, by address."""
    return {"items": [facts_of(person, User) for person in users.all_users()]}


@noun.post("/users/", body=NewUser, gives=User, status=201)
def create(body: NewUser) -> dict[str, Any]:
    """Let somebody sign in."""
    person = users.create_user(body.email, body.name or "", body.role, body.password, actor=actor())
    return facts_of(person, User)


@noun.get("/users/<email>/", gives=User)
def show(email: str) -> dict[str, Any]:
    """Show one person."""
    return facts_of(users.find_user(email), User)


@noun.patch("/users/<email>/", body=UserChange, gives=User)
def change(email: str, body: UserChange) -> dict[str, Any]:
    """Change what is named; the last administrator stays one."""
    return facts_of(users.change_user(email, **body.said(), actor=actor()), User)


@noun.get("/me/", gives=Me)
def me() -> dict[str, Any]:
    """Say who calls, and with which token."""
    bearer = caller()
    token = {"id": bearer.token_id, "name": bearer.token_name, "role": bearer.role}
    person = facts_of(users.find_user(bearer.email), User)
    return {"user": person, "token": {**token, "expires_at": bearer.expires_at}}


@noun.patch("/me/", body=OwnChange, gives=User)
def change_me(body: OwnChange) -> dict[str, Any]:
    """Be spoken to in another language."""
    return facts_of(users.set_locale(caller().email, body.locale, actor=actor()), User)


@noun.post("/me/password/", body=NewOwnPassword, gives=User)
@unkeyed  # a try that fails is counted, and must stay so
def change_own_password(body: NewOwnPassword) -> dict[str, Any]:
    """Change your own password; it ends your sessions in browsers, and no token."""
    address = request.remote_addr or "unknown"
    person = signing_in.change_own_password(caller().email, body.current, body.password, address=address)
    return facts_of(person, User)
