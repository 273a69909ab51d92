"""Why somebody gets no reminder, in sentences that the ledger keeps and pages translate as they stand."""

from __future__ import annotations


def n_(sentence: str) -> str:
    """Mark a sentence for the translators and return it."""
    return sentence


PAID = n_("The bill was paid.")
VOID = n_("The bill was voided.")
REMINDERS_OFF = n_("Reminders are switched off for this bill.")
MOVED = n_("The bill has another due date now.")
OTHER_PERSON = n_("The bill went to another person.")
CHANGED = n_("Something about the bill changed, so it is written anew.")
NO_ADDRESS = n_("The person has no e-mail address.")
LEFT = n_("The person has left and is not written to.")
ENTERED_LATER = n_("Its day was over when the bill was entered.")
OVERTAKEN = n_("A later reminder took its place.")
OUTDATED = n_("The due date was over before it could be sent.")
TOLD = n_("A reminder was sent by hand shortly before.")
FAILED = n_("The mail could not be written; the log of the job says why.")
NO_DAYS = n_("No days for reminders are set (BILL_REMINDER_DAYS).")
SUPPRESSED = n_("Mail to the address of the person is stopped.")
ALL_SENT = n_("All its reminders have had their time.")

# What can cease to be so: a reminder that was taken back for one of them has not been sent.
TAKEN_BACK = (PAID, VOID, MOVED, OTHER_PERSON, CHANGED)
