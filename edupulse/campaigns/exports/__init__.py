"""A campaign's mails as rows of a table."""
