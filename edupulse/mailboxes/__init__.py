"""What people and servers write to us: fetched, kept, understood, and handed to whoever deals with it."""
