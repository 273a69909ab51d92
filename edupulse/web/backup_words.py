"""What each state of a backup is called on a page, how it looks, and what it means."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

# Tone, word, meaning.
STATES = {
    "running": ("live", _("Under way"), _("It is being made or read again.")),
    "verified": ("ok", _("Verified"), _("All of it was read again, and its database opened.")),
    "failed": ("bad", _("Failed"), _("There is no file of it.")),
    "deleted": ("mute", _("Deleted"), _("It was old enough and has gone.")),
    "missing": ("doubt", _("Missing"), _("Its file is not where it was.")),
}
