"""Bills, payments, their reminders and what came in."""
