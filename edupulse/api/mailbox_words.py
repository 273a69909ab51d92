"""What a call says about a mailbox: entered, changed or tried, each with what it has to name."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from edupulse.api.schema import Body, Number, Text
from edupulse.mailboxes import draft_fields as fields
from edupulse.mailboxes.drafts import PORTS, MailboxDraft

Secret = Annotated[Text, Field(max_length=fields.LONGEST_SECRET)]


class MailboxWords(Body):
    """What may be said about a mailbox. Secrets are taken and never given."""

    name: Text | None = None
    host: Text | None = None
    port: int | None = Field(None, ge=1, le=65_535, description="Left out it follows `security`.")
    security: Literal["tls", "starttls", "none"] | None = None
    username: Text | None = None
    password: Secret | None = Field(None, repr=False)
    auth: Literal["password", "google", "microsoft"] | None = None
    tenant: Text | None = None
    client_id: Text | None = None
    client_secret: Secret | None = Field(None, repr=False)
    refresh_token: Secret | None = Field(None, repr=False)
    folder: Text | None = None
    address: Text | None = Field(
        None, description="Under which people write to it, where it is not the username."
    )
    interval_seconds: int | None = Field(None, ge=10, le=86_400, description="Between two polls.")
    enabled: bool | None = None
    after_action: Literal["none", "seen", "move"] | None = Field(
        None, description="What is done on the server with a message that is stored."
    )
    move_to: Text | None = Field(None, description="The folder of the after_action `move`.")
    staff: list[Text] | None = Field(
        None, max_length=fields.MOST_STAFF, description="Who is mailed about what nobody handles."
    )
    largest_bytes: int | None = Field(
        None, ge=1, le=fields.LARGEST, description="Larger messages are kept and not taken apart."
    )


class NewMailbox(MailboxWords):
    """A mailbox to read from now on."""

    name: Text
    host: Text
    username: Text


class MailboxChange(MailboxWords):
    """What is to be different. `revision` is the one you saw: it refuses the change if somebody was faster."""

    revision: int | None = Field(None, ge=0)


class MailboxTrial(MailboxWords):
    """What to try; with `mailbox_id` what is not named is as that mailbox has it."""

    mailbox_id: Number | None = None


def draft_from(body: MailboxWords, before: MailboxDraft) -> MailboxDraft:
    """Return `before` with what the call says; a usual port follows when only the encryption changes."""
    values = {name: value for name, value in body.said().items() if name in MailboxWords.model_fields}
    if "staff" in values:
        values["staff"] = tuple(values["staff"])
    if "security" in values and before.port == PORTS.get(before.security):
        values.setdefault("port", None)
    return replace(before, **values)
