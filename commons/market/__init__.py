"""The market: money, people, time and tasks, whatever is computed; no I/O."""
