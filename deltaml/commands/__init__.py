"""The subcommands of `deltaml`, one module a group; each imports what it needs when it runs."""
