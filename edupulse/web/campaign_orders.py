"""What an operator orders about a campaign under way: hold it, let it go on, call it off, send it again."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from edupulse.campaigns import lifecycle, resend
from edupulse.errors import Invalid
from edupulse.web.filters import counted
from edupulse.web.flashes import say

blueprint = Blueprint("campaign_orders", __name__, url_prefix="/campaigns/<int:campaign_id>")

WHO = ("failed", "unknown", "joined")


@blueprint.post("/pause")
def pause(campaign_id: int) -> Response:
    """Let nothing more of it leave; a mail that is on the wire right now ends its way."""
    lifecycle.pause(campaign_id, actor=current_user.email, reason=request.form.get("reason", "").strip())
    say("It is paused. At most one mail per connection was still on its way.", tone="wait")
    return to_campaign(campaign_id)


@blueprint.post("/resumption")
def resume(campaign_id: int) -> Response:
    """Let it go on."""
    lifecycle.resume(campaign_id, actor=current_user.email)
    say("It goes on.")
    return to_campaign(campaign_id)


@blueprint.post("/cancellation")
def cancel(campaign_id: int) -> Response:
    """Call it off for good."""
    lifecycle.cancel(campaign_id, actor=current_user.email)
    say("It is called off. What had left has left; the rest was not sent.", tone="wait")
    return to_campaign(campaign_id)


@blueprint.post("/draft")
def unschedule(campaign_id: int) -> Response:
    """Take its hour back: it is a draft again."""
    lifecycle.unschedule(campaign_id, actor=current_user.email)
    say("It is a draft again and starts only when you say so.")
    return to_campaign(campaign_id)


@blueprint.post("/resends/<who>")
def send_again(campaign_id: int, who: str) -> Response:
    """Send it to those who did not get it, or who joined since; never to anybody who has it."""
    if who not in WHO:
        raise Invalid("Say to whom it should go again.", cure="Use the buttons on the campaign's page.")
    count = resend.resend(campaign_id, who, actor=current_user.email)
    if count:
        say(f"{counted(count, 'mail')} on the way again. This page shows what becomes of them.")
    else:
        say("There was nobody left to send it to.", tone="wait")
    return to_campaign(campaign_id)


def to_campaign(campaign_id: int) -> Response:
    """Go to the page of a campaign."""
    return redirect(url_for("campaigns.show", campaign_id=campaign_id), 303)
