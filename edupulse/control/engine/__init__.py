"""How jobs are worked on: docs/jobs.md tells the life of one in ten steps."""
