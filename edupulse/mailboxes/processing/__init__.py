"""How bytes become an event: read within limits, recorded, or set aside where they cannot be read."""
