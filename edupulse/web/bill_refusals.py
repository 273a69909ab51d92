"""Why something about a bill is refused, in the reader's language: the domain's own sentences, with what they name.

The domain speaks English, as logs, programs and the command line do. A sentence that is not in the table is shown as
it stands: a reader who knows the reason in English is helped more than one who is told none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from flask_babel import gettext

from edupulse.errors import EduPulseError, Invalid
from edupulse.web.problems import refusals

_GAP = re.compile(r"%\((\w+)\)s")


def in_words(error: EduPulseError) -> dict[str, str]:
    """Return the sentences of a refusal by field, in the reader's language."""
    return {field: spoken(said) for field, said in refusals(error).items()}


def sentence(error: EduPulseError) -> str:
    """Return a refusal as one sentence in the reader's language."""
    return " ".join(in_words(error).values())


def spoken(said: str) -> str:
    """Return a sentence of the domain in the reader's language."""
    for template, pattern in _patterns().items():
        if found := pattern.fullmatch(said):
            return gettext(template, **found.groupdict())
    return said


@contextmanager
def translated(field: str) -> Iterator[None]:
    """Let what is refused inside be refused for this field, in the reader's language."""
    try:
        yield
    except Invalid as error:
        raise Invalid(sentence(error), field=field) from None


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {template: _pattern(template) for template in SENTENCES}


def _pattern(template: str) -> re.Pattern[str]:
    """Return what recognises a sentence of this form, and finds what stands in its gaps."""
    pieces = _GAP.split(template)
    written = (f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
    return re.compile("".join(written), re.DOTALL)


def n_(template: str) -> str:
    """Mark a sentence for the translators and return it."""
    return template


SENTENCES = (
    n_("The amount has to be above zero. Enter what is to be paid."),
    n_("The amount is too large. Look at its zeros and its currency."),
    n_("“%(sign)s” does not belong to an amount in %(currency)s. "
       "Write the number alone, and choose the currency beside it."),
    n_("“%(text)s” has too many decimals: %(currency)s has no decimals. Round it."),
    n_("“%(text)s” has too many decimals: %(currency)s has %(places)s decimals. Round it."),
    n_("“%(text)s” could be %(more)s or %(less)s and a little. "
       "Write %(whole)s.00 or %(other)s, or the decimals in full."),
    n_("“%(text)s” is no amount. Write it like 12.50 or 1,234.50."),
    n_("“%(text)s” is no currency. Write EUR, CNY, USD or so."),
    n_("“%(text)s” is no date. Write it like 2026-03-31."),
    n_("“%(text)s” is no state of bills. Choose %(states)s."),
    n_("“%(text)s” is no person's number. Choose a person."),
    n_("“%(text)s” is no way of paying. Choose %(methods)s."),
    n_("The title is missing. Say in a few words what it is for."),
    n_("The reason is missing. Say in a few words what it is for."),
    n_("The %(field)s has a control character. Type it anew."),
    n_("The %(field)s has %(count)s characters; %(most)s are possible. Shorten it."),
    n_("The note is longer than %(most)s characters. Shorten it."),
    n_("The year %(year)s cannot be right. Look at the date."),
    n_("It is due before it was issued. Look at both dates."),
    n_("%(day)s is still to come. Enter it when it is there."),
    n_("There is no person %(number)s. Choose one from the list of people."),
    n_("There is a bill %(number)s already. Choose another number, or leave it empty to get the next one."),
    n_("The bill %(number)s is void. Restore it first."),
    n_("The bill %(number)s is void already."),
    n_("The bill %(number)s is not void."),
    n_("%(amount)s were paid on the bill %(number)s. Refund it first, then void the bill."),
    n_("%(amount)s were paid already; the amount cannot be below that. Refund what is too much first."),
    n_("Money was paid on this bill by its person. Refund it first, or enter a new bill."),
    n_("Nothing is open on the bill %(number)s; more cannot be paid on it. "
       "Enter what belongs to this bill, and the rest on another one."),
    n_("%(amount)s is open on the bill %(number)s; more cannot be paid on it. "
       "Enter what belongs to this bill, and the rest on another one."),
    n_("Nothing was paid on the bill %(number)s; more cannot go back. Enter at most that."),
    n_("%(amount)s was paid on the bill %(number)s; more cannot go back. Enter at most that."),
    n_("The reference %(reference)s stands for %(amount)s already. Use another reference if this is other money."),
    n_("Nothing is to be paid on the bill %(number)s: it is paid."),
    n_("Nothing is to be paid on the bill %(number)s: it is void."),
    n_("%(name)s has left and is not written to. Say that they are back, if they are."),
    n_("%(name)s has no e-mail address. Add it to the person."),
    n_("Mail to %(address)s is stopped. Lift the stop first, if they want mail again."),
    n_("A reminder of the bill %(number)s was sent a moment ago. Wait a minute if there has to be another one."),
    n_("“%(text)s” could be two days. Write it like 2026-12-31."),
    n_("“%(text)s” is no date. Write it like 2026-12-31."),
    n_("%(day)s is still to come. Look at the date."),
    n_("“1” could be a yes or an amount. Write yes, or the amount like 1.00."),
    n_("More was paid than the bill has. Look at both amounts."),
    n_("The line names no person. Write their number, address or name."),
    n_("%(names)s is nobody here, or more than one. Add the person first, or write their number."),
    n_("There is a bill %(number)s already, and it differs: %(difference)s."),
    n_("The file is empty. Choose the one with the bills."),
    n_(
        "No column with %(what)s was found. The first row says %(headings)s. "
        "The first row has to name the columns: call one of them %(word)s."
    ),
    n_("%(who)s changed this bill on %(when)s, after you opened it. Look at it again, then enter your change there."),
)  # fmt: skip
