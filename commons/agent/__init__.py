"""What owners and buyers have in common: the aggregator's client and the loop that answers its tasks."""
