"""A database that belongs to no service: what is in it, a test puts there by SQL or with tables of its own."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from commons.storage.database import Database, create_database
from commons.storage.service_tables import ServiceTables


def bare_database(url: str) -> Database:
    """The database at a URL, without mapped tables."""

    class Base(DeclarativeBase):
        pass

    return create_database(url, ServiceTables(Base))
