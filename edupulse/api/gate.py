"""Who calls, and whether they may: a bearer token with a role, on every call, and nothing from a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, current_app, g, request

from edupulse.accounts.tokens import Bearer, bearer_of
from edupulse.errors import Denied

READING = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., object])


class Unknown(Denied):
    """The call carries no token, or one that is not valid."""


def open_gate(blueprint: Blueprint) -> None:
    """Let nobody past without a token whose role is enough."""
    blueprint.before_request(_check)


def needs(role: str) -> Callable[[View], View]:
    """Mark a view with the role it needs, where the default by method is wrong: viewer looks, operator acts."""

    def mark(view: View) -> View:
        view.api_role = role  # type: ignore[attr-defined]
        return view

    return mark


def takes(megabytes: int) -> Callable[[View], View]:
    """Mark a view whose requests may be larger than others, in megabytes."""

    def mark(view: View) -> View:
        view.largest_request = megabytes * 1024 * 1024  # type: ignore[attr-defined]
        return view

    return mark


def caller() -> Bearer:
    """Return who calls."""
    bearer = g.bearer
    assert isinstance(bearer, Bearer)  # noqa: S101 - narrows the type: the gate has set it
    return bearer


def actor() -> str:
    """Return under which name the audit log records what is done here."""
    return caller().email


def needed_role(endpoint: str, method: str) -> str:
    """Return the least role that may call `endpoint` with `method`."""
    by_method = "viewer" if method in READING else "operator"
    return str(getattr(current_app.view_functions.get(endpoint), "api_role", by_method))


def _check() -> None:
    g.bearer = _bearer()
    role = needed_role(request.endpoint or "", request.method)
    if not caller().may(role):
        raise Denied(
            f"This token has the role {caller().role}; this needs {role}.",
            cure="Make a token with that role, for a person who has it.",
            role=role,
        )


def _bearer() -> Bearer:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise Unknown("This call carries no token.", cure="Send the header “Authorization: Bearer <token>”.")
    found = bearer_of(secret.strip())
    if found is None:
        raise Unknown(
            "This token is not valid.", cure="It may have been revoked or have expired. Make a new one."
        )
    return found
