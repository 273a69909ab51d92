"""Received messages as people look for them: a list, what is set aside, and one with all that was done about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.accounts.audit import entries_of
from edupulse.mailboxes import monitor, orders
from edupulse.mailboxes.models import KINDS, MESSAGE_STATES, InboundMessage
from edupulse.mailboxes.monitor import Message
from edupulse.paging import Page
from edupulse.reminders import invitations
from edupulse.web.filters import counted
from edupulse.web.flashes import say
from edupulse.web.message_words import FOUND_BY, file_rows, links_of, report_rows
from edupulse.web.words import INBOUND_KINDS

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

VIEWS = ("page", "text", "headers")


@blueprint.get("")
def index() -> str:
    """List messages by the filter in the address."""
    facts = _filters()
    facts["page"] = _page_of(facts)
    if request.args.get("part") == "live":
        return render_template("messages/_list.html", **facts)
    return render_template(
        "messages/index.html",
        **facts,
        mailboxes=[listed.mailbox for listed in monitor.listing()],
        totals=monitor.totals(),
    )


@blueprint.get("/quarantine")
def quarantine() -> str:
    """List what could not be read, and why."""
    page = monitor.messages(state="quarantined", cursor=request.args.get("page", ""))
    return render_template("messages/quarantine.html", page=page, totals=monitor.totals())


@blueprint.post("/quarantine/replays")
def replay_all() -> Response:
    """Try everything again that is set aside."""
    count = orders.replay_all(actor=current_user.email)
    say(f"{counted(count, 'message')} tried again. What fails once more comes back here.")
    return redirect(url_for(".quarantine"), 303)


@blueprint.get("/<int:message_id>")
def show(message_id: int) -> str:
    """Show one message: what it says, what it is and why, what was done about it, and what it belongs to."""
    message, view = monitor.message(message_id), request.args.get("view", "")
    event = message.event
    default = "page" if event and event.html else "text"
    template = "messages/_story.html" if request.args.get("part") == "live" else "messages/show.html"
    return render_template(
        template,
        is_moving=_is_moving(message),
        message=message,
        row=message.row,
        event=event,
        view=view if view in VIEWS else default,
        files=file_rows(event) if event else [],
        reports=report_rows(event) if event else [],
        asks_approval=message.row.attention
        and any(invitations.may_approve(each) for each in message.actions),
        links_of=links_of,
        found_by=FOUND_BY,
        history_entries=entries_of(f"message:{message_id}"),
    )


@blueprint.post("/<int:message_id>/settlement")
def settle(message_id: int) -> Response:
    """Note that somebody has looked at a message."""
    orders.settle(message_id, actor=current_user.email)
    say("Noted: you have looked after it.")
    return to_message(message_id)


@blueprint.post("/<int:message_id>/replays")
def replay(message_id: int) -> Response:
    """Read a message anew from its stored bytes; what was done about it is not done twice."""
    orders.replay(message_id, actor=current_user.email)
    say("It is read anew. This page shows what becomes of it.")
    return to_message(message_id)


@blueprint.post("/<int:message_id>/approval")
def approve(message_id: int) -> Response:
    """Take in an invitation from somebody whom we do not know."""
    invitations.approve(message_id, actor=current_user.email)
    say("The invitation is taken in.")
    return to_message(message_id)


def to_message(message_id: int) -> Response:
    """Go to the page of a message."""
    return redirect(url_for("messages.show", message_id=message_id), 303)


def _is_moving(message: Message) -> bool:
    """Say whether something is still to be done by itself, so that the page should refresh."""
    return message.row.state == "stored" or any(
        each.state in ("pending", "failed") for each in message.actions
    )


def _filters() -> dict[str, Any]:
    """Return what the address asks for; what makes no sense is as if it were not there."""
    arguments = request.args
    kind, state, mailbox = (arguments.get(name, "") for name in ("kind", "state", "mailbox"))
    return {
        "kind": kind if kind in KINDS else "",
        "state": state if state in MESSAGE_STATES else "",
        "attention": arguments.get("attention") == "yes",
        "mailbox_id": int(mailbox)
        if mailbox.isascii() and mailbox.isdecimal() and len(mailbox) < 10
        else None,
        "search": arguments.get("q", "").strip(),
        "inbound_kinds": INBOUND_KINDS,
    }


def _page_of(filters: dict[str, Any]) -> Page[InboundMessage]:
    return monitor.messages(
        mailbox_id=filters["mailbox_id"],
        kind=filters["kind"],
        state=filters["state"],
        attention=True if filters["attention"] else None,
        search=filters["search"],
        cursor=request.args.get("page", ""),
    )
