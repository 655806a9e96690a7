"""Revisions of the database, run at start."""
