"""People on their way into an audience."""
