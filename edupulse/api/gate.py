"""Who calls, and whether they may: a bearer token with a role, on every call, and nothing from a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, request

from edupulse.accounts.tokens import Bearer, bearer_of
from edupulse.errors import Denied
from edupulse.operations import role_of

BEARER = "edupulse.bearer"  # where the request keeps who calls

View = TypeVar("View", bound=Callable[..., object])


class Unknown(Denied):
    """The call carries no token, or one that is not valid."""


def open_gate(blueprint: Blueprint) -> None:
    """Let nobody past without a token whose role is enough."""
    blueprint.before_request(_check)


def takes(megabytes: int) -> Callable[[View], View]:
    """Mark a view whose requests may be larger than others, in megabytes."""

    def mark(view: View) -> View:
        view.largest_request = megabytes * 1024 * 1024  # type: ignore[attr-defined]
        return view

    return mark


def known_caller() -> Bearer | None:
    """Return who calls, None without a valid token; asked of the database once in a request."""
    if BEARER not in request.environ:
        request.environ[BEARER] = bearer_of(_secret())
    found = request.environ[BEARER]
    return found if isinstance(found, Bearer) else None


def caller() -> Bearer:
    """Return who calls, behind the gate."""
    bearer = known_caller()
    assert bearer is not None  # noqa: S101 - narrows the type: the gate let nobody else past
    return bearer


def actor() -> str:
    """Return under which name the audit log records what is done here."""
    return caller().email


def needed_role(endpoint: str) -> str:
    """Return the least role that may call `endpoint`, as the permission table has it; empty: anybody."""
    return role_of("api", endpoint.removeprefix("api."))


def _check() -> None:
    role = needed_role(request.endpoint or "")
    if not role:
        return
    if known_caller() is None:
        raise _unknown()
    if not caller().may(role):
        raise Denied(
            f"This token has the role {caller().role}; this needs {role}.",
            cure="Make a token with that role, for a person who has it.",
            role=role,
        )


def _unknown() -> Unknown:
    if not _secret():
        return Unknown("This call carries no token.", cure="Send the header “Authorization: Bearer <token>”.")
    return Unknown(
        "This token is not valid.", cure="It may have been revoked or have expired. Make a new one."
    )


def _secret() -> str:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""
