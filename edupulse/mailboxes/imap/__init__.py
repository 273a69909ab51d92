"""Reading a mailbox over IMAP: a connection, its commands and answers, and what a failure of them means."""
