"""Campaigns as people plan and follow them: listed, written, changed, copied, and shown as they move."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse.accounts.audit import entries_of
from edupulse.campaigns import audience, drafts, monitor
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.rows import existing
from edupulse.config import current_settings
from edupulse.errors import Conflict, Invalid
from edupulse.mail.addresses import parse_named
from edupulse.web.campaign_files import enclose_sent, take_out_chosen
from edupulse.web.campaign_form import LANGUAGES, CampaignForm, blank, filled, read
from edupulse.web.campaign_people import field_names, known_people
from edupulse.web.campaign_progress import listed, progress_facts
from edupulse.web.flashes import say
from edupulse.web.security import takes
from edupulse.web.words import CAMPAIGN

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")

UPLOADED_AT_ONCE = 25  # megabytes: ten of attachments with room for their encoding
VIEWS = ("desk", "phone", "text")
COMPARE = "Your words are still here. Compare in another tab, then save again to let yours stand."
RESTING = ("draft", "finished", "finished_with_failures", "cancelled")


@blueprint.get("")
def index() -> str:
    """List campaigns by the state in the address."""
    state = request.args.get("state", "")
    page = listed(monitor.listing(state, request.args.get("page", "")))
    template = "campaigns/_list.html" if request.args.get("part") == "live" else "campaigns/index.html"
    return render_template(template, page=page, state=state, states=CAMPAIGN)


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new campaign."""
    return form_page(blank(current_settings().locale))


@blueprint.post("")
@takes(UPLOADED_AT_ONCE)
def create() -> AnyResponse:
    """Make a draft; what cannot be used comes back with every word still there."""
    form = CampaignForm(MultiDict(request.form))
    try:
        campaign = drafts.create(read(form), actor=current_user.email)
    except Invalid as error:
        form.refuse(error)
        return refused_page(form)
    say(f"“{campaign.name}” is kept as a draft. Now the people.")
    if not enclose_sent(campaign.id):
        return redirect(url_for("campaigns.edit", campaign_id=campaign.id), 303)
    return redirect(url_for("campaign_audience.show", campaign_id=campaign.id), 303)


@blueprint.get("/<int:campaign_id>")
def show(campaign_id: int) -> str:
    """Show one campaign: what is lacking while it is a draft, afterwards how it moves."""
    campaign, part = existing(campaign_id), request.args.get("part", "")
    if part == "live":
        return render_template("campaigns/_progress.html", campaign=campaign, **progress_facts(campaign))
    standing = {} if campaign.launched_at else _standing(campaign)
    if part == "orders":
        return render_template("campaigns/_orders.html", campaign=campaign, **standing)
    view = request.args.get("view", "")
    return render_template(
        "campaigns/show.html",
        campaign=campaign,
        view=view if view in VIEWS else "desk",
        languages=LANGUAGES,
        every=10 if campaign.state in RESTING else 2,
        history_entries=entries_of(f"campaign:{campaign_id}"),
        **standing,
        **(progress_facts(campaign) if campaign.launched_at else {}),
    )


@blueprint.get("/<int:campaign_id>/edit")
def edit(campaign_id: int) -> str:
    """Show the form of a draft."""
    campaign = existing(campaign_id)
    _require_draft(campaign)
    return form_page(filled(campaign), campaign=campaign)


@blueprint.post("/<int:campaign_id>")
@takes(UPLOADED_AT_ONCE)
def change(campaign_id: int) -> AnyResponse:
    """Change a draft, unless somebody else did so meanwhile."""
    campaign, form = existing(campaign_id), CampaignForm(MultiDict(request.form))
    revision = form.value("revision")
    try:
        drafts.change(
            campaign_id,
            read(form),
            actor=current_user.email,
            revision=int(revision) if revision.isdecimal() else None,
        )
    except Invalid as error:
        form.refuse(error)
        return refused_page(form, campaign=campaign)
    except Conflict as error:
        _require_draft(existing(campaign_id))
        form.values["revision"] = str(existing(campaign_id).revision)
        form.errors[""] = f"{error.message} {COMPARE}"
        return refused_page(form, campaign=campaign, status=409)
    take_out_chosen(campaign_id)
    is_whole = enclose_sent(campaign_id)
    if is_whole:
        say("Saved. Nothing was sent.")
    return redirect(url_for("campaigns.show" if is_whole else "campaigns.edit", campaign_id=campaign_id), 303)


@blueprint.post("/<int:campaign_id>/deletion")
def delete(campaign_id: int) -> AnyResponse:
    """Throw a draft away."""
    name = existing(campaign_id).name
    drafts.delete(campaign_id, actor=current_user.email)
    say(f"The draft “{name}” is gone.")
    return redirect(url_for("campaigns.index"), 303)


@blueprint.post("/<int:campaign_id>/copies")
def duplicate(campaign_id: int) -> AnyResponse:
    """Make a new draft with the same text."""
    copy = drafts.duplicate(campaign_id, actor=current_user.email)
    say("This is a new draft with the same text. Choose its people.")
    return redirect(url_for("campaigns.show", campaign_id=copy.id), 303)


def form_page(form: CampaignForm, *, campaign: Campaign | None = None) -> str:
    """Return the page with the form."""
    name, address = parse_named(current_settings().default_from_email)
    return render_template(
        "campaigns/form.html",
        form=form,
        campaign=campaign,
        languages=LANGUAGES,
        from_name=name or address.mailbox,
        field_names=field_names(campaign),
        people=known_people(campaign),
        preview_target=url_for("campaign_preview.show_draft", campaign_id=campaign.id)
        if campaign
        else url_for("campaign_preview.show_new"),
    )


def refused_page(form: CampaignForm, *, campaign: Campaign | None = None, status: int = 422) -> Response:
    """Return the form again, with every word still there and what is wrong beside its field."""
    return make_response(form_page(form, campaign=campaign), status)


def _standing(campaign: Campaign) -> dict[str, Any]:
    """Return what a draft has and lacks."""
    letters = campaign.mailing.letters
    subject = next((letter.subject for letter in letters if letter.locale == campaign.default_locale), "")
    has_text = bool(subject) and any(letter.text or letter.html for letter in letters)
    recipients = audience.count(campaign.id)
    return {
        "has_text": has_text,
        "subject": subject,
        "recipients": recipients,
        "ready": has_text and recipients > 0,
    }


def _require_draft(campaign: Campaign) -> None:
    if not campaign.is_draft:
        raise Conflict(
            "This campaign is not a draft any more, so its text stays as it is.",
            cure="Take it back to a draft while it is only scheduled, or copy it as a new draft.",
        )
