"""`deltaml demo`: the whole platform on one machine, and one job of any kind from post to payout."""
