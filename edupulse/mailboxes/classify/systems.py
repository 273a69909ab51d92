"""How mail systems write their reports in their own words: what each opens with, and where it names the recipient.

Sources: the systems' sources and manuals (Postfix, Exim, qmail's QSBMF, Sendmail, Courier), the error pages of Gmail,
Microsoft 365, QQ, NetEase and Yahoo. The last resort is any address that stands where failed ones stand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from edupulse.mailboxes.classify.addresses import ADDRESS, addresses_in, strangers

MOST_RECIPIENTS = 100  # of one report; ours go to one person each
_IN_FULL = re.IGNORECASE | re.MULTILINE


class System(NamedTuple):
    """One way of writing a report: how it is recognised, and how it introduces a recipient."""

    name: str
    opening: re.Pattern[str]
    recipient: re.Pattern[str]


def _system(name: str, opening: str, recipient: str) -> System:
    return System(
        name,
        re.compile(opening, _IN_FULL),
        re.compile(recipient.replace("ADDRESS", f"({ADDRESS})"), _IN_FULL),
    )


SYSTEMS = (
    _system("Postfix", r"this is the mail system at host", r"^<ADDRESS>(?: \(expanded from .*?\))?:"),
    _system("qmail", r"this is the qmail-send program|^hi\. this is the", r"^<ADDRESS>:"),
    _system("Yahoo", r"unable to deliver your message to the following address", r"^<ADDRESS>:"),
    _system(
        "Exim",
        r"created automatically by mail delivery software",
        r"^\s+[\"<]?ADDRESS[\">]?:?(?: \(.*\))?\s*$",
    ),
    _system(
        "Sendmail", r"addresses had (permanent fatal|transient non-fatal|delivery)", r"^<?ADDRESS>?(?:\s|$)"
    ),
    _system(
        "Gmail", r"google tried|delivery to the following recipient|gmail", r"^\s+ADDRESS\s*$|to ADDRESS"
    ),
    _system(
        "Exchange",
        r"did not reach some or all|delivery has failed|couldn't be delivered|nachrichtenzustellung",
        r"^\s+['\"]?ADDRESS['\"]?(?: on |\s*$)|\(ADDRESS\)|message to ADDRESS|mailto:ADDRESS",
    ),
    _system("Domino", r"was not delivered to:", r"^\s+ADDRESS\s*$"),
    _system("QQ", r"您发送的邮件被退回", r"无法发送到[\s：:|]*ADDRESS"),
    _system("NetEase", r"您的邮件被退回来了", r"收件人[\s：:]*ADDRESS"),
    _system("Courier", r"running the courier mail server", r"^<ADDRESS>:"),
)
# What every server says in one way or another just before it names a recipient, or just behind.
_BEFORE = (
    r"RCPT TO:\s*<?", r"recipients?(?: address)?\W{1,6}", r"address(?:es)?(?: failed)?\W{1,6}",
    r"deliver(?:ed)? (?:your message )?to\W{1,4}", r"message to\W{1,4}", r"user(?: unknown)?\W{1,4}", r"mailbox\W{1,4}",
    r"failed\W{1,4}", r"undeliverable\W{1,4}", r"empfänger\W{1,4}", r"(?:收件人|收信人|发送到|投递到)\W{0,4}",
)  # fmt: skip
_NAMED = re.compile(rf"(?:{'|'.join(_BEFORE)})({ADDRESS})", re.IGNORECASE)
_ALONE = re.compile(rf"^[ \t>*-]*[<\"'\[(]?({ADDRESS})[>\"'\])]?[ \t]*(?:[:,;(-].*)?$", re.MULTILINE)


def recipients(text: str, own: Collection[str], likely: str = "") -> tuple[str, list[str]]:
    """Return which system wrote `text`, and whom it could not deliver to; `likely` is whom the mail was for."""
    for system in SYSTEMS:
        if system.opening.search(text):
            named = (next(filter(None, each.groups())) for each in system.recipient.finditer(text))
            if found := _fit(named, own):
                return system.name, found
    everyone = strangers(addresses_in(text), own)
    if likely in everyone:
        return "", [likely]
    for pattern in (_ALONE, _NAMED):
        if found := _fit((each[1] for each in pattern.finditer(text)), own):
            return "", found
    return "", everyone[:1]


def _fit(named: Iterable[str], own: Collection[str]) -> list[str]:
    found = strangers(named, own)
    return list(dict.fromkeys(each.rstrip(".-") for each in found))[:MOST_RECIPIENTS]
