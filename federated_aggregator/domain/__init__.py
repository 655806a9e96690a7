"""Arithmetic on encrypted models; knows no database and no network."""
