"""What is written to the demo's school: a mail of ours comes back, a parent answers one, a teacher invites."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from edupulse.embedded.sample import DOMAIN, TEACHERS, ZONE

OFFICE = f"office@{DOMAIN}"  # from which the school writes, and to which people answer
ORGANIZER, GUEST = TEACHERS[0], TEACHERS[1]
MEETING = "Jury of the children's exhibition"
MEETING_UID = f"jury-5f3a@{DOMAIN}"
_SERVER = f"mx.{DOMAIN}"
_IN_DAYS, _AT_HOUR = 9, 15  # when the jury meets


def bounce(sent: bytes, *, envelope: str, recipient: str, at: datetime) -> bytes:
    """Return the report (RFC 3464) of a server that took the mail `sent` and found nobody of that name."""
    text = _REPORT.format(
        envelope=envelope, recipient=recipient, server=_SERVER, domain=DOMAIN, date=format_datetime(at), at=at,
        head=_head(sent),
    )  # fmt: skip
    return text.replace("\n", "\r\n").encode()


def reply(sent: bytes, *, name: str, address: str, at: datetime) -> bytes:
    """Return what the person writes who got the mail `sent`."""
    mail, ours = EmailMessage(policy=SMTP), BytesParser(policy=SMTP).parsebytes(sent, headersonly=True)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = OFFICE
    mail["Subject"] = f"Re: {ours['Subject']}"
    mail["Date"] = at
    mail["Message-ID"] = f"<answer.{at:%H%M%S%f}@{DOMAIN}>"
    mail["In-Reply-To"] = mail["References"] = str(ours["Message-ID"]).strip()
    mail.set_content(_ANSWER.format(name=name, at=at))
    return mail.as_bytes()


def invitation(at: datetime) -> bytes:
    """Return the invitation of a teacher, as a calendar program sends it (RFC 6047)."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(ORGANIZER.name, addr_spec=ORGANIZER.email)
    mail["To"] = [Address(GUEST.name, addr_spec=GUEST.email), Address(addr_spec=OFFICE)]
    mail["Subject"] = f"Invitation: {MEETING}"
    mail["Date"] = at
    mail["Message-ID"] = f"<invitation.{at:%H%M%S%f}@{DOMAIN}>"
    mail.set_content(f"{ORGANIZER.name} invites you to: {MEETING}.\n")
    mail.add_alternative(_calendar(at), subtype="calendar", params={"method": "REQUEST"})
    return mail.as_bytes()


def meeting_starts(at: datetime) -> datetime:
    """Return when the jury meets: an aware instant, some days after `at`."""
    day = at.astimezone(ZoneInfo(ZONE)).replace(hour=_AT_HOUR, minute=0, second=0, microsecond=0)
    return day + timedelta(days=_IN_DAYS)


def _head(sent: bytes) -> str:
    return sent.partition(b"\r\n\r\n")[0].decode("ascii", "replace").replace("\r\n", "\n") + "\n"


def _calendar(at: datetime) -> str:
    starts = meeting_starts(at)
    return _INVITATION.format(
        uid=MEETING_UID, at=at, starts=starts, ends=starts + timedelta(hours=2), zone=ZONE, title=MEETING,
        organizer=ORGANIZER, guest=GUEST, office=OFFICE,
    )  # fmt: skip


_REPORT = """Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@{server}>
To: {envelope}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <report.{at:%H%M%S%f}@{server}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {server}.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<{recipient}>: host inbox.{domain} said: 550 5.1.1 <{recipient}>:
    Recipient address rejected: User unknown (in reply to RCPT TO command)

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; {server}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; inbox.{domain}
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown

--=_report
Content-Type: text/rfc822-headers

{head}
--=_report--
"""
_ANSWER = """Thank you, we are looking forward to it!
May my sister watch in the first week?

{name}

On {at:%a, %d %b %Y at %H:%M}, Riverside Art School wrote:
> If you do not come this term, tell us: somebody waits for it.
"""
_INVITATION = """BEGIN:VCALENDAR
PRODID:-//Teachers' Calendar//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:{uid}
SEQUENCE:0
DTSTAMP:{at:%Y%m%dT%H%M%SZ}
DTSTART;TZID={zone}:{starts:%Y%m%dT%H%M%S}
DTEND;TZID={zone}:{ends:%Y%m%dT%H%M%S}
SUMMARY:{title}
LOCATION:Main hall
ORGANIZER;CN={organizer.name}:mailto:{organizer.email}
ATTENDEE;CN={guest.name};PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest.email}
ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{office}
END:VEVENT
END:VCALENDAR
"""
