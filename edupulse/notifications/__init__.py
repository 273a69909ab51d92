"""What the people who sign in are told, in the site and by mail."""
