"""`/deliveries`: every mail that left this house or did not, why, and what a person may do about it."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import Field

from edupulse.api.answers import facts_of, file_answer, page_of
from edupulse.api.delivery_facts import Delivery, DeliveryState, DeliveryStory, story_of
from edupulse.api.gate import actor, caller
from edupulse.api.noun import File, Noun
from edupulse.api.schema import Body, Paged, PageOf, Text
from edupulse.mail import actions, monitor
from edupulse.mail.content import raw_mail
from edupulse.mail.monitor import DeliveryFilter
from edupulse.notifications.withheld import withheld

noun = Noun("deliveries", __name__, url_prefix="/deliveries")

MAIL = "message/rfc822"


class WhichDeliveries(Paged):
    """Those in `state`, of `kind`, about `subject_id`, to addresses that hold `address`."""

    state: DeliveryState = Field("", description="Only those in it.")
    kind: Text = Field(
        "", description="reminder, correction, cancellation, test, newsletter or transactional."
    )
    subject_id: Text = Field("", description="What the mail is about, e.g. the number of an event.")
    address: Text = Field("", description="Any part of it.")

    def filters(self) -> DeliveryFilter:
        """Return them as the domain takes them."""
        return DeliveryFilter(self.state, self.kind, self.address.strip(), self.subject_id)


class Settlement(Body):
    """What the person says: it arrived, or it did not."""

    arrived: bool


@noun.get("/", query=WhichDeliveries, gives=PageOf[Delivery])
def list_deliveries(query: WhichDeliveries) -> dict[str, Any]:
    """List mails, newest first."""
    return page_of(monitor.deliveries(query.filters(), **query.page()), Delivery)


@noun.get("/<int:delivery_id>/", gives=DeliveryStory)
def show(delivery_id: int) -> dict[str, Any]:
    """Show one mail with every try at it, and say what happens next."""
    return story_of(monitor.delivery(delivery_id))


@noun.get("/<int:delivery_id>/source/", gives=File((MAIL,)))
def download(delivery_id: int) -> Response:
    """Return the mail as it goes over the wire; of a campaign's the unsubscribe link takes nobody off a list."""
    delivery = monitor.delivery(delivery_id)
    if denied := withheld(delivery, caller()):
        raise denied
    return file_answer(raw_mail(delivery), f"mail-{delivery_id}.eml", MAIL)


@noun.post("/<int:delivery_id>/resend/", gives=Delivery, status=202)
def resend(delivery_id: int) -> dict[str, Any]:
    """Send a mail again that is unknown, rejected or cancelled, as the same mail."""
    return facts_of(actions.resend(delivery_id, actor()), Delivery)


@noun.post("/<int:delivery_id>/settle/", body=Settlement, gives=Delivery)
def settle(delivery_id: int, body: Settlement) -> dict[str, Any]:
    """Record what became of a mail that stands as unknown, after asking the person."""
    return facts_of(actions.settle(delivery_id, body.arrived, actor()), Delivery)
