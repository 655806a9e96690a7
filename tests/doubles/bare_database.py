"""A database that belongs to no service: what is in it, a test puts there by SQL or with tables of its own."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from commons.storage.database import Database, create_database
from commons.storage.service_tables import ServiceTables


def bare_database(url: str, *, lazy_sync: bool = False) -> Database:
    """The database at a URL, without mapped tables; `lazy_sync` as of `create_database`."""

    class Base(DeclarativeBase):
        pass

    return create_database(url, ServiceTables(Base), lazy_sync=lazy_sync)
