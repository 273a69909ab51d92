"""A connection is tried step by step, before a mailbox is saved or after; each step is shown as it ends.

The answer is a small page for a frame. It is written while the steps run, so it needs no script to be live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_template
from werkzeug.datastructures import MultiDict

from edupulse.errors import EduPulseError, Invalid
from edupulse.mailboxes import monitor
from edupulse.mailboxes.signin import connecting
from edupulse.web.mailbox_form import MailboxForm, read

blueprint = Blueprint("mailbox_trial", __name__, url_prefix="/mailboxes")

FRAME_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
STEPS = {
    "dns": "The name of the server",
    "tcp": "The line to it",
    "tls": "Encryption",
    "login": "Sign-in",
    "id": "Saying who we are",
    "select": "The folder",
    "count": "What lies in it",
}


@dataclass(frozen=True)
class Refused:
    """A step of ours that cannot be gone: it looks like one of the server's."""

    name: str
    words: str
    cure: str
    ok: bool = False
    ms: float = 0


@blueprint.get("/trial")
def ready() -> Response:
    """Say what a trial does, where its result will stand."""
    return framed(Response(render_template("mailboxes/trial.html", steps=None, names=STEPS)))


@blueprint.post("/trials")
def try_new() -> Response:
    """Try a mailbox as it stands in the form; nothing is saved."""
    return _tried(_draft_steps(None))


@blueprint.post("/<int:mailbox_id>/trials")
def try_saved(mailbox_id: int) -> Response:
    """Try a mailbox as it is saved or, from its form, as it stands there."""
    monitor.one(mailbox_id)
    if "host" in request.form:
        return _tried(_draft_steps(mailbox_id))
    return _tried(_safely(lambda: connecting.try_out(mailbox_id)))


def framed(response: Response) -> Response:
    """Return a small page of ours as one that may stand in a frame of ours and can do nothing."""
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _draft_steps(mailbox_id: int | None) -> Iterator[Any]:
    try:
        draft = read(MailboxForm(MultiDict(request.form)))
    except Invalid as error:
        return iter([_refusal(error)])
    return _safely(lambda: connecting.try_draft(draft, mailbox_id))


def _safely(begin: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """Yield the steps; a refusal, before the first or on the way, is the last of them."""
    try:
        yield from begin()
    except EduPulseError as error:
        yield _refusal(error)


def _refusal(error: EduPulseError) -> Refused:
    fields = error.facts.get("fields")
    words = " ".join(map(str, fields.values())) if isinstance(fields, dict) else error.message
    return Refused("form", words, "" if fields else error.cure)


def _tried(steps: Iterator[Any]) -> Response:
    response = Response(stream_template("mailboxes/trial.html", steps=steps, names=STEPS))
    response.headers["X-Accel-Buffering"] = "no"  # nginx passes each step on as it comes
    return framed(response)
