"""The tables behind `commons.web.authentication`, added to a service's own metadata and migrations."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Table

NAME_LENGTH = 100


@dataclass(frozen=True)
class AuthenticationTables:
    """Users, their sessions, and recent failures to sign in."""

    users: Table
    sessions: Table
    failures: Table


def authentication_tables(metadata: MetaData) -> AuthenticationTables:
    """Add the tables to `metadata`; a service's first migration makes them with `metadata.create_all` or by hand.

    Only digests of passwords (argon2) and of tokens (SHA-256) are stored. Times are Unix seconds.
    """
    users = Table(
        "users",
        metadata,
        Column("name", String(NAME_LENGTH), primary_key=True),
        Column("password_hash", String(255), nullable=False),
    )
    sessions = Table(
        "sessions",
        metadata,
        Column("token_sha256", LargeBinary(32), primary_key=True),
        Column("user_name", String(NAME_LENGTH), ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
        Column("expires_at", Float, nullable=False, index=True),
    )
    failures = Table(
        "sign_in_failures",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_name", String(NAME_LENGTH), nullable=False, index=True),
        Column("failed_at", Float, nullable=False, index=True),
    )
    return AuthenticationTables(users, sessions, failures)
