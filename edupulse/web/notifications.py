"""What one was told: the bell, the list, and how one wants to be told of what."""

from __future__ import annotations

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.notifications import reading
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.models import Notification
from edupulse.notifications.preferences import preferences, set_preferences
from edupulse.notifications.speech import language
from edupulse.web.auth import redirect_target
from edupulse.web.flashes import say
from edupulse.web.languages import page_locale

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")


def register(app: Flask) -> None:
    """Let every page count what its reader has not read, for the bell."""
    app.jinja_env.globals["unread_notifications"] = unread


def unread() -> int:
    """Return how many the person who looks has not read."""
    if "unread" not in g:  # one page may ask twice, the database is asked once
        g.unread = reading.unread_count(current_user) if current_user.is_authenticated else 0
    return int(g.unread)


@blueprint.get("")
def index() -> str:
    """List what one was told, newest first."""
    unread_only = request.args.get("only") == "unread"
    page = reading.listing(current_user, unread_only=unread_only, cursor=request.args.get("page", ""))
    return render_template(
        "notifications/index.html", page=page, unread_only=unread_only, said=said, kinds_known=KINDS
    )


@blueprint.post("/<int:notification_id>/reading")
def read(notification_id: int) -> Response:
    """Note one as read, and go to what it is about if that is wanted."""
    found = reading.read(current_user, notification_id)
    wants_more = request.form.get("then") == "open" and found.link
    return redirect(redirect_target(found.link) if wants_more else _list(), 303)


@blueprint.post("/reading")
def read_all() -> Response:
    """Note all of them as read."""
    count = reading.read_all(current_user)
    say(ngettext("%(num)s notification is read now.", "%(num)s notifications are read now.", count))
    return redirect(url_for(".index"), 303)


@blueprint.get("/preferences")
def show_preferences() -> str:
    """Show how one is told of what."""
    return render_template("notifications/preferences.html", preferences=preferences(current_user))


@blueprint.post("/preferences")
def prefer() -> Response:
    """Keep how one wants to be told."""
    in_site, by_mail = (frozenset(request.form.getlist(name)) for name in ("in_site", "by_mail"))
    set_preferences(current_user, in_site=in_site, by_mail=by_mail, actor=current_user.email)
    say(_("Your choice is kept. It holds for what comes from now on."))
    return redirect(url_for(".show_preferences"), 303)


def said(notification: Notification) -> tuple[str, str]:
    """Return headline and text in the language of the page; of a kind that is gone, its name."""
    kind = KINDS.get(notification.kind)
    if kind is None:
        return notification.kind.replace("_", " "), ""
    return kind.said(language(page_locale()), notification.facts)


def _list() -> str:
    return url_for(".index", only="unread" if request.form.get("only") == "unread" else None)
