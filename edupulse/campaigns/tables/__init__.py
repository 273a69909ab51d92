"""Reading a table that people bring: its encoding, separator, header and columns."""
