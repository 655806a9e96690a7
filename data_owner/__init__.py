"""The data owner: keeps the rows, answers training and validation tasks."""
