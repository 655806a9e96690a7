"""The federated aggregator: recruits data owners, schedules encrypted rounds, settles on chain."""
