"""What the readers of each field found becomes one event."""

from __future__ import annotations

from collections.abc import Collection

from edupulse.mailboxes.event import Correspondent, UnifiedEvent
from edupulse.mailboxes.parse import addresses, bodies, clean, envelope, identity, kept, language, limits
from edupulse.mailboxes.parse.fields import Fields
from edupulse.mailboxes.parse.findings import Findings
from edupulse.mailboxes.parse.quotes import without_quotes


def event(
    fields: Fields, body: bodies.Body, findings: Findings, *, sha256: str, size: int, own: Collection[str]
) -> UnifiedEvent:
    """Return the event of one message whose parts are read already."""
    message_id, has_own_id = identity.message_id(fields, sha256, findings)
    from_, to, cc = _from(fields, findings), _people(fields, "to", findings), _people(fields, "cc", findings)
    return UnifiedEvent(
        sha256,
        size,
        message_id,
        has_own_id,
        in_reply_to=identity.answered(fields),
        references=identity.references(fields),
        subject=clean.line(fields.text("subject"), limits.SUBJECT_CHARACTERS),
        date=identity.date(fields, findings),
        from_=from_,
        sender=_people(fields, "sender", findings),
        reply_to=_people(fields, "reply-to", findings),
        to=to,
        cc=cc,
        return_path=envelope.return_path(fields, findings),
        delivered_to=envelope.delivered_to(fields, (*to, *cc), own, findings),
        text=body.text,
        reply_text=without_quotes(body.text),
        html=body.html,
        attachments=tuple(body.attachments),
        calendar=body.calendar,
        headers=kept.headers(fields, findings),
        auth=envelope.authentication(fields),
        language=language.of(fields.line("content-language"), body.text),
        defects=findings.defects,  # the last: by now all has been read
    )


def _from(fields: Fields, findings: Findings) -> tuple[Correspondent, ...]:
    people = _people(fields, "from", findings)
    if not any(each.address for each in people):
        findings.add("no address in From")
    if fields.count("from") > 1:
        findings.add("several From headers")
    return people


def _people(fields: Fields, name: str, findings: Findings) -> tuple[Correspondent, ...]:
    """Return the people in all headers of that name: To may stand there twice, which is forbidden."""
    most = 1 if name == "from" else 10
    people: list[Correspondent] = []
    for line in fields.lines(name, most):
        people += addresses.read(line, findings)
    return tuple(people[: limits.ADDRESSES])
