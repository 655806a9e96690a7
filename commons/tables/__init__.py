"""Tables as computations see them; nothing here knows of files."""
