"""Two versions of a draft become what the audit log keeps of a change: each differing value before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edupulse.campaigns.checking import CampaignDraft
from edupulse.mail.letters import LetterText

LONGEST = 500  # characters of a text; a whole newsletter at each saving would swell the log


def differences(before: CampaignDraft, after: CampaignDraft) -> dict[str, dict[str, Any]]:
    """Return `before` and `after`, each with the values in which the two differ, long texts shortened."""
    names = [name for name, value in vars(after).items() if value != getattr(before, name)]
    return {
        "before": {name: _brief(getattr(before, name)) for name in names},
        "after": {name: _brief(getattr(after, name)) for name in names},
    }


def _brief(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters)"
    if isinstance(value, LetterText):
        return {name: _brief(part) for name, part in vars(value).items() if name != "locale"}
    if isinstance(value, Mapping):
        return {key: _brief(each) for key, each in value.items()}
    return value
