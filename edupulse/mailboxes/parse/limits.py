"""How much of one message is taken apart: what lies behind a limit stays in the raw bytes and is named as a defect."""

from __future__ import annotations

DEPTH = 50  # multiparts inside each other; people's mails have three or four
PARTS = (
    1_000  # of one message, the multiparts themselves included; part of what indexes mean: never change it
)
HEADER_BYTES = 1024 * 1024  # of one header block
HEADER_FIELDS = 5_000  # of one header block; a mail that went round in circles has some hundred
VALUE_CHARACTERS = 1024 * 1024  # of one field, all its lines; 10,000 recipients have 0.4 MB
PARAMETERS = 200  # of one Content-Type
PARAMETERS_CHARACTERS = 64 * 1024
ADDRESSES = 1_000  # of one field
ADDRESS_CHARACTERS = 320  # 64 + @ + 255, RFC 5321 4.5.3.1; what is longer is no address
NAME_CHARACTERS = 200
SUBJECT_CHARACTERS = 998  # one line of RFC 5322 2.1.1
IDENTIFIER_CHARACTERS = 998
REFERENCES = 200  # the newest ones
TEXT_BYTES = 2_000_000  # of all text parts
HTML_BYTES = 2_000_000
FILENAME_CHARACTERS = 150  # file systems take 255 bytes
GUESSES = 20  # detections of an unknown charset in one message: each takes some milliseconds
GUESS_SAMPLE = 4_096  # bytes that a detection looks at
DEFECTS = 50
TAG_DEPTH = 200  # HTML elements inside each other; a long conversation in Gmail has about a hundred
KEPT_FIELDS = 60  # headers in the event
KEPT_VALUES = 20  # of one header
KEPT_CHARACTERS = 1_000  # of one value
