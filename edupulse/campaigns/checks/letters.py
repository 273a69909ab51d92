"""The letters of a campaign are read before anybody gets one: can they become mails, and do their links work?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edupulse.campaigns.checks.editions import Edition, Editions
from edupulse.campaigns.checks.finding import AMBER, FIRST, GREEN, RED, Finding
from edupulse.campaigns.checks.sizes import MEGABYTE, size_words

_LINK = re.compile(r"""https?://[^\s"'<>)\]]+""", re.IGNORECASE)
_NOT_FOR_OTHERS = re.compile(
    r"https?://(localhost|127\.|0\.0\.0\.0|\[::1\]|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)", re.IGNORECASE
)
LARGE_TEXT = 102_000  # bytes of HTML: Gmail shows no more and cuts the rest off, the unsubscribe link with it


def letters(editions: Editions) -> Iterator[Finding]:
    """Yield what is found about every letter and about what is enclosed."""
    if editions.default_locale not in editions.by_locale:
        yield Finding(
            RED, "There is no letter.", "The campaign has no text yet.", "Write one.", code="no_letter"
        )
    for edition in editions.by_locale.values():
        yield from _letter(edition, _name(editions, edition))
    yield from _enclosures(editions)


def leftovers(editions: Editions) -> Iterator[Finding]:
    """Yield what keeps mails from being made though letters and account look right: the press has the last word."""
    refusals = {each.obstacle.message: each.obstacle for each in editions.by_locale.values() if each.obstacle}
    for message, refusal in refusals.items():
        yield Finding(RED, "No mail can be made.", message, refusal.cure, code="no_mail")


def _letter(edition: Edition, name: str) -> Iterator[Finding]:
    letter = edition.letter
    if not letter.text.strip() and not letter.html.strip():
        yield Finding(
            RED, f"{name} says nothing.", f"{name} has neither text nor HTML.", "Write it.", code="empty"
        )
        return
    if edition.problem is not None:
        error = edition.problem
        yield Finding(RED, f"{name} cannot become a mail.", error.message, error.cure, code=error.kind)
        return
    if not letter.subject.strip():
        yield Finding(
            RED, f"{name} has no subject.", "The subject is empty.", "Write one.", code="no_subject"
        )
    yield from _forms(edition, name)
    yield from _links(edition, name)


def _forms(edition: Edition, name: str) -> Iterator[Finding]:
    prepared, letter = edition.prepared, edition.letter
    if prepared.text_is_made:
        detail = f"{name} is HTML only, so its plain text is made from the HTML."
        yield Finding(GREEN, "The plain text is made for you.", detail, code="text_made")
    if prepared.footers:
        yield Finding(
            AMBER,
            f"{name} shows no unsubscribe link.",
            "A newsletter must have one, so a small footer with it is added to each mail.",
            "To choose its place and words yourself, put {{ unsubscribe_url }} into the letter.",
            code="footer_added",
        )
    if (size := len(letter.html.encode())) > LARGE_TEXT:
        yield Finding(
            AMBER,
            f"{name} is long.",
            f"Its HTML has {size_words(size)}; Gmail cuts a mail off after 102 kB, and the unsubscribe link with it.",
            "Shorten it, or link to a page.",
            code="long_html",
        )


def _links(edition: Edition, name: str) -> Iterator[Finding]:
    links = dict.fromkeys(_LINK.findall(f"{edition.letter.text} {edition.letter.html}"))
    local = tuple(link for link in links if _NOT_FOR_OTHERS.match(link))
    plain = tuple(link for link in links if link.lower().startswith("http:") and link not in local)
    if local:
        detail = "They lead to this machine or network, where the recipients are not."
        cure = "Put in the address that others can open."
        yield _about_links(f"{name} has links that nobody else can open.", detail, cure, local, "local_link")
    if plain:
        detail = "They begin with http:// and are not protected; some mail programs warn of them."
        yield _about_links(f"{name} has unprotected links.", detail, "Write https://.", plain, "http_link")


def _about_links(what: str, detail: str, cure: str, links: tuple[str, ...], code: str) -> Finding:
    return Finding(AMBER, what, detail, cure, len(links), links[:FIRST], code)


def _enclosures(editions: Editions) -> Iterator[Finding]:
    if (size := editions.enclosed_bytes) > MEGABYTE:
        yield Finding(
            AMBER,
            "What is enclosed is large.",
            f"It adds {size_words(size)} to every mail, {len(editions.enclosures)} files encoded as they travel.",
            "A link to the files is kinder to people's mailboxes, and faster.",
            len(editions.enclosures),
            tuple(file.filename for file in editions.enclosures[:FIRST]),
            "large_enclosures",
        )


def _name(editions: Editions, edition: Edition) -> str:
    return "The letter" if len(editions.by_locale) == 1 else f"The letter in “{edition.letter.locale}”"
