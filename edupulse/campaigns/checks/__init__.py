"""What the preflight looks at: letters, people, account."""
