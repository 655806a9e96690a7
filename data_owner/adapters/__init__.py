"""The data owner's connections to the world outside its domain."""
