"""The model buyer's HTTP API: parse, call one use case, serialise."""
