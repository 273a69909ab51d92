"""How we get into a mailbox: sealed secrets opened, tokens renewed, the connection tried out."""
