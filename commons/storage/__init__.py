"""Databases of the services: engine, units of work, migrations."""
