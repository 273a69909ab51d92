"""How long a mailing takes, and what holds it up: arithmetic over the limits of the account, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from edupulse.campaigns.quota import Allowance, plan_by_day
from edupulse.mail.limits import Limits
from edupulse.mail.providers import Provider

DAY_SECONDS = 86_400.0
MINUTE_SECONDS = 60.0
# A mail over one connection to a provider in the same country: one round trip, pipelined.
WIRE_SECONDS = 0.02


@dataclass(frozen=True)
class Estimate:
    """How long it takes and why: `binding` is batch_delay, per_second, per_minute, per_day, connections or "".

    `plan` says how many mails leave on the first day, the second, and so on; one number where the day's
    allowance suffices.
    """

    seconds: float
    binding: str
    plan: tuple[int, ...]


def estimate(count: int, limits: Limits, *, used: int = 0, reserved: int = 0) -> Estimate:
    """Return how long `count` mails need, where the last 24 hours had `used` mails and `reserved` go first."""
    plan = tuple(plan_by_day(count, Allowance(limits.per_day, used, reserved)))
    if len(plan) > 1:
        seconds, _ = _within_a_day(plan[-1], limits)
        return Estimate((len(plan) - 1) * DAY_SECONDS + seconds, "per_day", plan)
    seconds, binding = _within_a_day(count, limits)
    return Estimate(seconds, binding, plan)


def binding_words(binding: str, limits: Limits, provider: Provider) -> str:
    """Say which limit binds and which one therefore does not; empty where nothing holds the mails up."""
    ours = f"your {limits.batch_size} per {limits.batch_delay:g} s"
    if binding == "batch_delay":
        return (
            f"{limits.batch_size} mails leave every {limits.batch_delay:g} s, "
            "as BULK_EMAIL_BATCH_SIZE and BULK_EMAIL_BATCH_DELAY say."
        )
    if binding == "connections":
        many = "1 connection" if limits.connections == 1 else f"{limits.connections} connections"
        return f"How fast the mail server answers over {many} binds, not {ours}."
    if binding == "urgent":
        return "Reminders go first at the moment; this goes on right after them."
    if (allowance := _ALLOWANCES.get(binding)) is None:
        return ""
    attribute, variable, unit = allowance
    limit = getattr(limits, attribute)
    who = provider.title if limit == getattr(provider, attribute) else variable
    return f"{who} allows {limit:,g} a {unit}; that binds, not {ours}."


def duration_words(seconds: float) -> str:
    """Return a duration as people say it: 40 s, 12 min, 3 h 20 min, 2 days."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, left = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{round(seconds / DAY_SECONDS)} days"


# limit -> its attribute, the setting that overrides it, its unit
_ALLOWANCES = {
    "per_second": ("per_second", "EMAIL_PER_SECOND", "second"),
    "per_minute": ("per_minute", "EMAIL_PER_MINUTE", "minute"),
    "per_day": ("per_day", "EMAIL_DAILY_QUOTA", "day"),
}


def _within_a_day(count: int, limits: Limits) -> tuple[float, str]:
    """Return the seconds until the last of `count` mails leaves, and which limit asks for the longest."""
    waits = {
        "batch_delay": (ceil(count / limits.batch_size) - 1) * limits.batch_delay,
        "per_second": (count - 1) / limits.per_second if limits.per_second else 0.0,
        "per_minute": (ceil(count / limits.per_minute) - 1) * MINUTE_SECONDS if limits.per_minute else 0.0,
        "connections": count * WIRE_SECONDS / max(1, limits.connections),
    }
    if count <= 0:
        return 0.0, ""
    binding = max(waits, key=lambda name: waits[name])
    is_at_once = waits[binding] < 1.0  # nobody notices what holds up a second's work
    return waits[binding], "" if is_at_once else binding
