"""The `deltaml` command."""
