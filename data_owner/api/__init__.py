"""The data owner's HTTP API: parse, call one service, serialise."""
