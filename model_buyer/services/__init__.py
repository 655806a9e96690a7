"""The model buyer's use cases on its rows; `buyer` is what they work with, `ports` what they need from outside."""
