"""Backups, and what goes when its time is over."""
