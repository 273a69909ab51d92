"""In which language a page speaks: its reader's choice, else as the browser asks, else as the organisation does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Blueprint, Flask, Response, g, has_app_context, has_request_context, redirect, request
from flask_babel import Babel, get_locale, refresh
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from edupulse.accounts.users import LOCALES, set_locale
from edupulse.config import current_settings
from edupulse.web.auth import redirect_target
from edupulse.web.role_words import title_of

blueprint = Blueprint("languages", __name__, url_prefix="/language")

COOKIE = "edupulse_language"
KEPT = 365 * 24 * 3600  # seconds: whoever signs in once a year finds the page as it was
NAMES = {"en": "English", "zh": "简体中文"}  # each in its own words, for who cannot read the page

# Rooms whose pages were written before the site spoke two languages: what stands inside them is English.
ENGLISH_ROOMS = frozenset((
    "dashboard", "events", "event_import", "occurrences", "campaigns", "campaign_audience", "campaign_upload",
    "campaign_start", "campaign_orders", "campaign_preview", "campaign_recipients", "deliveries", "suppressions",
    "messages", "message_body", "mailboxes", "mailbox_trial", "inbound_rules", "jobs", "job_send", "orders",
    "pauses", "monitor", "workers", "workflows", "schedules", "users", "audit", "api_reference",
))  # fmt: skip


def register(app: Flask) -> None:
    """Let the templates of `app` say `_()` in the language of who reads, and ask which one that is."""
    Babel(app, locale_selector=chosen)
    app.jinja_env.globals.update(
        page_locale=page_locale, content_locale=content_locale, languages=NAMES, role_title=title_of
    )


@blueprint.post("")
def choose() -> Response:
    """Keep a choice in this browser, and for the person if somebody is signed in; back to the page."""
    locale = request.form.get("locale", "")
    response = cast(Response, redirect(redirect_target(request.form.get("next", "")), 303))
    if current_user.is_authenticated:
        set_locale(current_user.email, locale, actor=current_user.email)
    remember(response, locale)
    return response


def remember(response: Response, locale: str) -> None:
    """Keep a choice in this browser; an empty one forgets it. The sign-in page reads it, before anybody is known."""
    if locale in LOCALES:
        response.set_cookie(
            COOKIE, locale, max_age=KEPT, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Lax")
    refresh()


def chosen() -> str:
    """Return en or zh for the request that is answered; outside of one, the organisation's language."""
    if not has_request_context():
        return current_settings().locale
    wanted = _of_person() or request.cookies.get(COOKIE, "")
    if wanted in LOCALES:
        return wanted
    return request.accept_languages.best_match(LOCALES) or current_settings().locale


def page_locale() -> str:
    """Return the language in which the frame of this page speaks: en or zh."""
    return str(get_locale() or "en")


def content_locale() -> str:
    """Return the language of what stands inside the frame: English in rooms that speak no other yet."""
    if has_app_context() and "speaking" in g:
        return str(g.speaking)
    in_english = has_request_context() and request.blueprint in ENGLISH_ROOMS
    return "en" if in_english else page_locale()


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Let the times that are said in the block speak `locale`, such as those of the frame in an English room."""
    g.speaking = locale
    try:
        yield
    finally:
        del g.speaking


def _of_person() -> str:
    try:
        return current_user.locale if current_user.is_authenticated else ""
    except SQLAlchemyError:  # the page that says so must still find a language
        return ""
