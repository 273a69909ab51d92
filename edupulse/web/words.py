"""What each state is called on a page, how it looks, and what it means to a newcomer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """A word for a state; the tone decides colour and shape together, so that neither stands alone."""

    tone: str  # ok | live | wait | bad | doubt | mute
    label: str
    meaning: str


DELIVERY = {
    "queued": State("wait", "Waiting", "Accepted and kept; it goes out as soon as a worker takes it."),
    "sending": State("live", "Sending", "A worker is talking to the mail server right now."),
    "sent": State("ok", "Sent", "The mail server took responsibility for it."),
    "deferred": State(
        "wait",
        "Later",
        "The server asked for patience, or could not be reached; it is tried again by itself.",
    ),
    "rejected": State("bad", "Refused", "The server will not take it. Nobody got this mail."),
    "unknown": State(
        "doubt", "Uncertain", "The line broke after the mail was handed over: it may or may not have arrived."
    ),
    "suppressed": State("mute", "Suppressed", "This address must not be written to, so nothing was sent."),
    "cancelled": State("mute", "Cancelled", "It was called off before it was sent."),
    "bounced": State("bad", "Bounced", "The server took it and sent it back later."),
}

CAMPAIGN = {
    "draft": State("mute", "Draft", "Its text and its people can still be changed; nothing is sent."),
    "scheduled": State("wait", "Scheduled", "It starts by itself at its hour."),
    "running": State("live", "Under way", "Its mails are leaving."),
    "paused": State("wait", "Paused", "Nothing of it leaves until it is resumed."),
    "finished": State("ok", "Finished", "Every mail of it has its outcome."),
    "finished_with_failures": State(
        "bad", "Finished, with failures", "Every mail of it has its outcome, and some did not arrive."
    ),
    "cancelled": State("mute", "Cancelled", "What had not left when it was called off was not sent."),
}

RUN = {
    "queued": State("wait", "Queued", "It waits for a worker."),
    "started": State("live", "Running", "A worker is at it."),
    "deferred": State("wait", "Later", "It waits for its time, and begins by itself."),
    "interrupted": State(
        "doubt", "Interrupted", "Its worker died under it; this kind of job is not repeated unasked."
    ),
    "finished": State("ok", "Finished", "It is done."),
    "failed": State("bad", "Failed", "It ended with an error and is not tried again by itself."),
    "cancelled": State("mute", "Cancelled", "It was called off."),
}

WORKFLOW = {
    "running": State("live", "Under way", "Some of its jobs wait or run."),
    "finished": State("ok", "Finished", "All of its jobs are done."),
    "failed": State(
        "bad", "Failed", "One of its jobs failed, and what needed it was not begun. Retry that job to go on."
    ),
    "cancelled": State("mute", "Cancelled", "It was called off before its end."),
}

STEP = {
    "waiting": State("wait", "Waiting", "It begins when what it needs is over."),
    "running": State("live", "Under way", "Its job is queued or runs."),
    "finished": State("ok", "Finished", "It is done."),
    "failed": State("bad", "Failed", "Its job failed."),
    "cancelled": State("mute", "Cancelled", "It was called off, or something before it went wrong."),
}

REMINDER = {
    "planned": State("wait", "Planned", "It goes out when its time has come."),
    "handed_over": State("ok", "Handed over", "The mail was written and given to the mail line."),
    "skipped": State("mute", "Not needed", "There was a reason not to send it."),
    "missed": State("bad", "Missed", "Its time passed while it could not be sent."),
    "failed": State("bad", "Failed", "It could not be written; the reason is beside it."),
    "cancelled": State("mute", "Cancelled", "The event or the person was taken off."),
}

EVENT = {
    "confirmed": State("ok", "Takes place", "People are reminded of it."),
    "cancelled": State("mute", "Cancelled", "Nobody is reminded of it any more."),
}

SERVICE = {
    "up": State("ok", "Up", ""),
    "degraded": State("wait", "Needs a look", ""),
    "down": State("bad", "Down", ""),
}

PROCESS = {
    "running": State("ok", "Running", "Its last sign of life is fresh."),
    "late": State("wait", "Silent", "It has given no sign of life for a while."),
    "stopped": State("mute", "Stopped", "It ended as it was told."),
    "dead": State("bad", "Dead", "It ended without a word; what it worked on is looked after."),
}

MAILBOX = {
    "ok": State("ok", "Read", "It is read again and again, and the last time went well."),
    "new": State("wait", "New", "It was not read yet; its first reading comes by itself."),
    "late": State("wait", "Late", "It should have been read by now."),
    "retrying": State("wait", "Trying again", "The last reading failed; it is tried again by itself."),
    "stopped": State("bad", "Stopped", "A person has to mend something before it is read again."),
    "disabled": State("mute", "Switched off", "It is read only when somebody says so."),
}

MESSAGE = {
    "stored": State("live", "New", "It is stored, and is read and dealt with in a moment."),
    "processed": State("ok", "Dealt with", "It was read, and each handler that wanted it has it."),
    "quarantined": State(
        "bad", "Set aside", "It could not be read. Its bytes are kept, and it can be tried again."
    ),
    "duplicate": State("mute", "Known", "The same bytes came before; nothing was done a second time."),
}

ACTION = {
    "pending": State("wait", "To be done", "It is done in a moment."),
    "done": State("ok", "Done", "It was done, once."),
    "failed": State("wait", "Trying again", "It failed and is tried again by itself."),
    "dead": State("bad", "Gave up", "It failed each time; a person has to look."),
}

INBOUND_KINDS = {
    "bounce": "Bounce",
    "complaint": "Complaint",
    "auto_reply": "Automatic reply",
    "unsubscribe": "Unsubscribe",
    "calendar": "Invitation",
    "reply": "Reply",
    "other": "Letter",
}

KINDS = {
    "reminder": "Reminder",
    "manual": "Reminder by hand",
    "correction": "Correction",
    "cancellation": "Cancellation",
    "test": "Test mail",
    "newsletter": "Newsletter",
    "transactional": "Notice",
    "inbound_notice": "Notice of a letter",
    "inbound_answer": "Confirmation of an unsubscribe",
    "alert": "Alert about a mailbox",
    "notification": "Notification",
    "bill_reminder": "Reminder of a bill",
    "report": "Report",
}

SCOPES = {"newsletter": "Newsletters", "reminder": "Reminders", "all": "All mail"}

SERVICES = {
    "database": "Database",
    "redis": "Redis",
    "workers": "Workers",
    "scheduler": "Scheduler",
    "mail": "Mail",
}

PRIORITIES = {1: "High", 0: "Normal", -1: "Low"}

_FAMILIES = {
    "delivery": DELIVERY,
    "campaign": CAMPAIGN,
    "run": RUN,
    "workflow": WORKFLOW,
    "step": STEP,
    "reminder": REMINDER,
    "event": EVENT,
    "service": SERVICE,
    "process": PROCESS,
    "mailbox": MAILBOX,
    "message": MESSAGE,
    "action": ACTION,
}


def state_of(family: str, state: str) -> State:
    """Return the words for `state`; a state we have no words for still shows."""
    return _FAMILIES[family].get(state) or State("mute", state.replace("_", " ").capitalize(), "")
