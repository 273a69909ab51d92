"""`campaigns start|schedule|unschedule|pause|resume|cancel|resend`: what a person orders about one."""

from __future__ import annotations

from collections.abc import Callable

import click

from edupulse.campaigns import lifecycle
from edupulse.campaigns.models import Campaign
from edupulse.cli.campaign_progress import follow
from edupulse.cli.command import actor
from edupulse.cli.instants import instant
from edupulse.cli.output import json_option, local, show_facts
from edupulse.cli.row_numbers import ROW_NUMBER

WHO = ("failed", "unknown", "joined")

campaign_argument = click.argument("campaign_id", type=ROW_NUMBER)
reason_option = click.option("--reason", default="", help="Why, for those who read it later.")
confirm_option = click.option(
    "--confirm", is_flag=True, help="Yes to what is asked, e.g. that it may take several days."
)


@campaign_argument
@click.option("--at", default=None, metavar="TIME", help="Not now but then, e.g. 2026-03-12 18:30.")
@confirm_option
@click.option("--here", is_flag=True, help="Send at once in this process, without workers; for a few people.")
@click.option("--watch", is_flag=True, help="Stay and show how far it is.")
@json_option
def start(campaign_id: int, at: str | None, confirm: bool, here: bool, watch: bool, as_json: bool) -> None:
    """Send a campaign; what the preflight finds wrong stops it."""
    when = instant(at) if at else None
    started = lifecycle.start(campaign_id, actor=actor(), at=when, confirm=confirm, here=here)
    if watch and when is None:
        follow(campaign_id, as_json=as_json)
    else:
        _show(started, as_json=as_json)


@campaign_argument
@click.argument("at", metavar="TIME")
@confirm_option
@json_option
def schedule(campaign_id: int, at: str, confirm: bool, as_json: bool) -> None:
    """Send a campaign at TIME, e.g. "2026-03-12 18:30" on the organisation's clock."""
    scheduled = lifecycle.start(campaign_id, actor=actor(), at=instant(at), confirm=confirm)
    _show(scheduled, as_json=as_json)


@campaign_argument
@json_option
def unschedule(campaign_id: int, as_json: bool) -> None:
    """Make a scheduled campaign a draft again."""
    _show(lifecycle.unschedule(campaign_id, actor=actor()), as_json=as_json)


@campaign_argument
@reason_option
@json_option
def pause(campaign_id: int, reason: str, as_json: bool) -> None:
    """Hold a running campaign: not one mail more per connection leaves."""
    _show(lifecycle.pause(campaign_id, actor=actor(), reason=reason), as_json=as_json)


@campaign_argument
@json_option
def resume(campaign_id: int, as_json: bool) -> None:
    """Let a paused campaign go on where it was."""
    _show(lifecycle.resume(campaign_id, actor=actor()), as_json=as_json)


@campaign_argument
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def cancel(campaign_id: int, reason: str, yes: bool, as_json: bool) -> None:
    """Call a campaign off for good: what has not left does not leave any more."""
    if not yes:
        click.confirm(f"Cancel campaign {campaign_id} for good?", abort=True, err=True)
    _show(lifecycle.cancel(campaign_id, actor=actor(), reason=reason), as_json=as_json)


@campaign_argument
@click.argument("who", type=click.Choice(WHO))
@click.option("--watch", is_flag=True, help="Stay and show how far it is.")
@json_option
def resend(campaign_id: int, who: str, watch: bool, as_json: bool) -> None:
    """Send it again to WHO did not get it: failed, unknown, or joined since; never to who has it."""
    count = lifecycle.resend(campaign_id, who, actor=actor())
    if watch and count:
        follow(campaign_id, as_json=as_json)
    else:
        show_facts({"campaign": campaign_id, "who": who, "people": count}, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {
    "start": start,
    "schedule": schedule,
    "unschedule": unschedule,
    "pause": pause,
    "resume": resume,
    "cancel": cancel,
    "resend": resend,
}


def _show(campaign: Campaign, *, as_json: bool) -> None:
    facts = {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "scheduled_at": campaign.scheduled_at,
        "question": campaign.question,
    }
    show_facts(facts, as_json=as_json)
    if not as_json and (note := _note(campaign)):
        click.echo(note, err=True)


def _note(campaign: Campaign) -> str:
    if campaign.question:
        return f"Answer with: python cli.py campaigns start {campaign.id} --confirm"
    if campaign.state == "scheduled" and campaign.scheduled_at:
        return f"It begins by itself at {local(campaign.scheduled_at)}."
    if campaign.state == "running":
        return f"Watch it with: python cli.py campaigns progress {campaign.id} --watch"
    return ""
