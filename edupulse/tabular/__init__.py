"""Tables that people send and get, as CSV or .xlsx; what is written, no spreadsheet computes."""
