"""Use cases on rows."""
