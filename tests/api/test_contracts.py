"""What the contracts promise is what the domains know: states, purposes, formats."""

from __future__ import annotations

from typing import get_args

import pytest

from edupulse.api import campaign_words, campaigns, delivery_facts, progress
from edupulse.campaigns import models
from edupulse.campaigns.export import CONTENT_TYPES
from edupulse.mail.mailing import PURPOSES
from edupulse.mail.models import STATES


@pytest.mark.parametrize(
    ("promised", "known"),
    [
        (campaigns.State, ("", *models.STATES)),
        (campaign_words.Purpose, PURPOSES),
        (delivery_facts.DeliveryState, ("", *STATES)),
        (progress.ExportFormat.model_fields["format"].annotation, tuple(CONTENT_TYPES)),
    ],
)
def test_the_words_of_a_contract_are_those_of_its_domain(promised: object, known: tuple[str, ...]) -> None:
    assert get_args(promised) == known
