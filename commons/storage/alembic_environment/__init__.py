"""What Alembic runs for every service; the revisions themselves are in each service's `migrations`."""
