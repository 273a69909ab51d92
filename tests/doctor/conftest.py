"""What the doctor's tests share."""

from __future__ import annotations

from collections.abc import Iterable

from edupulse.doctor.finding import Finding


def states(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the state by id."""
    return {finding.id: finding.state for finding in findings}
