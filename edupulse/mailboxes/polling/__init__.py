"""How messages come in: a mailbox locked, read behind its cursor, kept, and its outcome written down."""
