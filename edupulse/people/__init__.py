"""People whom the organisation knows: pupils, parents, members."""
