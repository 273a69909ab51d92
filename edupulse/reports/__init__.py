"""What happened in an hour, a day, a week or a month."""
