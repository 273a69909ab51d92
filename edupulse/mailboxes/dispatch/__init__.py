"""Who deals with a message: the rules of operators first, then what is built in, the staff at last."""
