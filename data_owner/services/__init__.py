"""A data owner's use cases: datasets, offers, acceptances, tasks, pay."""
