"""The model buyer's use cases, one function each; what they need from outside is declared in `ports`."""
