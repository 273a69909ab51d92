"""Whom a letter can be shown to, and which fields it may ask for: what the audience of a campaign knows."""

from __future__ import annotations

from edupulse.campaigns import audience
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.campaigns.preview import extremes
from edupulse.mail.people import Choice

BUILT_IN = ("name", "address", "title", "unsubscribe_url")
FIRST = 10  # of the audience; others are named by their address


def field_names(campaign: Campaign | None) -> list[str]:
    """Return what may stand in the text: what is always there, then the columns of the audience."""
    own = audience.field_names(campaign.id) if campaign else []
    return [*BUILT_IN, *(name for name in own if name not in BUILT_IN)]


def known_people(campaign: Campaign | None) -> list[Choice]:
    """Return people to look at the letter as: the three extremes, then the first of the list."""
    if campaign is None:
        return []
    special: dict[Recipient, list[str]] = {}
    for what, person in extremes(campaign.id).items():
        special.setdefault(person, []).append(what)
    chosen = [_choice(person, f"{', '.join(what)}: ") for person, what in special.items()]
    first = audience.recipients(campaign.id, size=FIRST).items
    return [*chosen, *(_choice(person) for person in first if person not in special)]


def _choice(person: Recipient, before: str = "") -> Choice:
    return Choice(str(person.id), f"{before}{person.name or person.address}")
