"""The mail of a campaign as one person sees it, also before it is saved; and the same as a test to a mailbox.

What comes back is a page for a frame: no script runs in it, and the mail itself stands in a frame within that may
do nothing at all.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from edupulse.campaigns import preview
from edupulse.campaigns.checks.sizes import size_words
from edupulse.campaigns.preview import Preview
from edupulse.campaigns.rows import existing
from edupulse.errors import EduPulseError
from edupulse.web.campaign_form import CampaignForm, read
from edupulse.web.campaigns import UPLOADED_AT_ONCE
from edupulse.web.errors import status_of
from edupulse.web.security import takes

blueprint = Blueprint("campaign_preview", __name__, url_prefix="/campaigns")

# Styles may stand in the mail; scripts, forms and what is elsewhere may not. The frame within inherits this.
FRAME_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@blueprint.get("/<int:campaign_id>/preview")
def show(campaign_id: int) -> Response:
    """Show the mail as it is saved, as the first of the audience or whom the address names."""
    existing(campaign_id)
    try:
        shown = preview.preview(campaign_id, request.args.get("as", "").strip() or None)
    except EduPulseError as error:
        return _refused(error)
    return _framed(shown, request.args.get("view", ""))


@blueprint.post("/preview")
@takes(UPLOADED_AT_ONCE)
def show_new() -> Response:
    """Show the mail of a campaign that is not saved yet."""
    return _of_form(None)


@blueprint.post("/<int:campaign_id>/preview")
@takes(UPLOADED_AT_ONCE)
def show_draft(campaign_id: int) -> Response:
    """Show the mail as it stands in the form; nothing is saved."""
    existing(campaign_id)
    return _of_form(campaign_id)


@blueprint.post("/<int:campaign_id>/tests")
@takes(UPLOADED_AT_ONCE)
def send_test(campaign_id: int) -> Response:
    """Send the mail as it stands in the form to a mailbox, marked and counted nowhere."""
    form = CampaignForm(MultiDict(request.form))
    to = form.value("test_to").replace(";", ",").split(",")
    try:
        mails = preview.send_test(
            campaign_id, to, as_recipient=_wanted(form), draft=read(form), actor=current_user.email
        )
    except EduPulseError as error:
        return _refused(error)
    return _page(mails=mails)


def _of_form(campaign_id: int | None) -> Response:
    form = CampaignForm(MultiDict(request.form))
    wanted = _wanted(form)
    try:
        if campaign_id is None or wanted is None:
            # Somebody made up reads the language that is on top.
            form.values["default_locale"] = form.language
            shown = preview.preview(None, None, draft=read(form))
        else:
            shown = preview.preview(campaign_id, wanted, draft=read(form))
    except EduPulseError as error:
        return _refused(error)
    return _framed(shown, form.value("view"))


def _wanted(form: CampaignForm) -> str | None:
    """Return as whom it is looked at: the address that was typed, else who was chosen; None: somebody made up."""
    return form.value("as_address").strip() or form.value("as").strip() or None


def _framed(shown: Preview, view: str) -> Response:
    return _page(reading=shown.reading, heads=_heads(shown), notes=_notes(shown), view=view or "desk")


def _heads(shown: Preview) -> list[tuple[str, str]]:
    person = shown.person
    to = f"{person.recipient_name} <{person.address}>" if person.recipient_name else person.address
    heads = [("From", shown.sender), ("To", to), ("Size", size_words(shown.size))]
    return [*heads, ("Files", ", ".join(shown.enclosures))] if shown.enclosures else heads


def _notes(shown: Preview) -> list[str]:
    if shown.is_made_up:
        return ["Nobody real: each field shows its own name."] if shown.fields else []
    return [f"Empty for this person: {', '.join(shown.empty)}."] if shown.empty else []


def _refused(error: EduPulseError) -> Response:
    """Say in the frame why there is nothing to see, in the words of the refusal."""
    response = _page(problem=error)
    response.status_code = status_of(error)
    return response


def _page(**facts: Any) -> Response:
    response = make_response(render_template("campaigns/preview.html", **facts))
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
