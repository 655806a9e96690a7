"""Encryption, and how encrypted values travel; no I/O."""
