"""Mailboxes as people keep them: listed with their health, put in, changed, read now, tried out, taken off."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse.accounts.audit import entries_of
from edupulse.errors import Conflict, Invalid
from edupulse.mailboxes import accounts, monitor, orders, syncing
from edupulse.mailboxes.models import Mailbox
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.mailbox_form import HOSTS, MailboxForm, blank, filled, read

blueprint = Blueprint("mailboxes", __name__, url_prefix="/mailboxes")

SHOWN = 5  # messages on the page of a mailbox; the list of messages has them all


@blueprint.get("")
def index() -> str:
    """List the mailboxes with their health."""
    template = "mailboxes/_list.html" if request.args.get("part") == "live" else "mailboxes/index.html"
    return render_template(template, mailboxes=monitor.listing())


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new mailbox."""
    return form_page(blank())


@blueprint.post("")
def create() -> AnyResponse:
    """Put a mailbox in; what cannot be used comes back with every word still there, but no password."""
    form = MailboxForm(MultiDict(request.form))
    try:
        mailbox = accounts.add(read(form), actor=current_user.email)
    except (Invalid, Conflict) as error:
        return _refused(form, error)
    say(f"“{mailbox.name}” is put in. Try the connection, or wait for its first reading.")
    return to_mailbox(mailbox.id)


@blueprint.get("/<int:mailbox_id>")
def show(mailbox_id: int) -> str:
    """Show one mailbox: how it is, how it is read, what came last."""
    listed = monitor.one(mailbox_id)
    if request.args.get("part") == "live":
        return render_template("mailboxes/_state.html", listed=listed, mailbox=listed.mailbox)
    return render_template(
        "mailboxes/show.html",
        listed=listed,
        mailbox=listed.mailbox,
        latest=monitor.messages(mailbox_id=mailbox_id, size=SHOWN).items,
        history_entries=entries_of(f"mailbox:{mailbox_id}"),
    )


@blueprint.get("/<int:mailbox_id>/edit")
def edit(mailbox_id: int) -> str:
    """Show the form of a mailbox, without its password."""
    mailbox = monitor.one(mailbox_id).mailbox
    return form_page(filled(mailbox), mailbox)


@blueprint.post("/<int:mailbox_id>")
def change(mailbox_id: int) -> AnyResponse:
    """Change a mailbox; a field for a secret that is left empty keeps the one that is stored."""
    mailbox, form = monitor.one(mailbox_id).mailbox, MailboxForm(MultiDict(request.form))
    revision = form.value("revision")
    opened = int(revision) if revision.isdecimal() else None
    try:
        accounts.change(mailbox_id, read(form), actor=current_user.email, revision=opened)
    except (Invalid, Conflict) as error:
        return _refused(form, error, mailbox)
    say("Saved. From the next reading on it is read in this way.")
    return to_mailbox(mailbox_id)


@blueprint.post("/<int:mailbox_id>/deletion")
def remove(mailbox_id: int) -> AnyResponse:
    """Take a mailbox off; what came from it stays."""
    name = monitor.one(mailbox_id).mailbox.name
    accounts.remove(mailbox_id, actor=current_user.email)
    say(f"“{name}” is read no more. Its messages stay where they are.", tone="wait")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:mailbox_id>/pause")
def pause(mailbox_id: int) -> AnyResponse:
    """Stop reading a mailbox by the clock."""
    accounts.disable(mailbox_id, actor=current_user.email)
    say("It is switched off. Nothing is lost: what comes meanwhile is read when it is on again.", tone="wait")
    return to_mailbox(mailbox_id)


@blueprint.post("/<int:mailbox_id>/resumption")
def resume(mailbox_id: int) -> AnyResponse:
    """Read a mailbox by the clock again."""
    accounts.enable(mailbox_id, actor=current_user.email)
    say("It is read again by itself.")
    return to_mailbox(mailbox_id)


@blueprint.post("/<int:mailbox_id>/polls")
def poll(mailbox_id: int) -> AnyResponse:
    """Read a mailbox now."""
    orders.poll_now(mailbox_id, actor=current_user.email)
    say("It is being read. This page shows what came.")
    return redirect(url_for(".index"), 303) if request.form.get("back") == "list" else to_mailbox(mailbox_id)


@blueprint.post("/<int:mailbox_id>/audits")
def audit(mailbox_id: int) -> AnyResponse:
    """Compare what lies on the server with what is stored here."""
    orders.audit_now(mailbox_id, actor=current_user.email)
    say("What lies on the server is being compared with what is here. The result stands under “Complete?”.")
    return to_mailbox(mailbox_id)


@blueprint.post("/synchronisations")
def sync() -> AnyResponse:
    """Bring the timetable in line with the mailboxes, which also happens by itself every few minutes."""
    stats = syncing.sync_now(actor=current_user.email)
    changes = ", ".join(f"{getattr(stats, name)} {name}" for name in ("added", "removed", "updated"))
    say(f"The timetable fits the mailboxes: {changes}, {stats.total} in all.")
    return redirect(url_for(".index"), 303)


def form_page(form: MailboxForm, mailbox: Mailbox | None = None) -> str:
    """Return the page with the form."""
    return render_template("mailboxes/form.html", form=form, mailbox=mailbox, hosts=HOSTS)


def to_mailbox(mailbox_id: int) -> AnyResponse:
    """Go to the page of a mailbox."""
    return redirect(url_for("mailboxes.show", mailbox_id=mailbox_id), 303)


def _refused(form: MailboxForm, error: Invalid | Conflict, mailbox: Mailbox | None = None) -> Response:
    form.refuse(error)
    return make_response(form_page(form, mailbox), status_of(error))
