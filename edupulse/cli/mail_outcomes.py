"""What became of a mail that was just accepted: waited for, sent from here where no worker runs, and shown."""

from __future__ import annotations

from collections.abc import Sequence

from edupulse.cli.waiting import wait_for
from edupulse.clock import now
from edupulse.control.monitor import workers_service
from edupulse.control.workers import present
from edupulse.errors import Unavailable
from edupulse.mail.deliver import deliver
from edupulse.mail.models import Delivery
from edupulse.mail.monitor import delivery as find_delivery
from edupulse.mail.monitor import sender_service

# A mail that is deferred is not over, but a person who waits wants to hear why.
STILL_GOING = ("queued", "sending")


def outcomes_of(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Wait until the server has answered about each; where no worker runs, they are sent from here."""
    if workers_service(now()).is_up:
        return [outcome_of(delivery) for delivery in deliveries]
    with present("cli"):
        deliver([delivery.id for delivery in deliveries])
    return [find_delivery(delivery.id) for delivery in deliveries]


def outcome_of(delivery: Delivery) -> Delivery:
    """Wait until the server has answered; raises Unavailable at once when nobody is there to send it."""
    workers = workers_service(now())
    if workers.state == "down":
        raise Unavailable(
            f"The mail is queued as delivery {delivery.id}. {workers.summary}", cure=workers.cure
        )
    return wait_for(
        lambda: find_delivery(delivery.id),
        lambda found: found.state not in STILL_GOING or not sender_service().is_up,
        what=f"Delivery {delivery.id}",
    )


def facts_of(delivery: Delivery) -> dict[str, object]:
    """Return what there is to know about one delivery."""
    names = ("id", "address", "subject", "state", "reason", "attempts_made", "accepted_at", "sent_at")
    facts: dict[str, object] = {name: getattr(delivery, name) for name in names}
    return facts | {"message_id": delivery.message_id}


def cure() -> str:
    """Return what to do about mail that does not leave."""
    return sender_service().cure or "See: python cli.py doctor"
