"""`deltaml demo`: the whole platform on one machine, and one training job from post to payout."""
