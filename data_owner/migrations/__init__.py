"""The data owner's database revisions."""
