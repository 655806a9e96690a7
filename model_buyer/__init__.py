"""The model buyer's service: posts training jobs, holds their keys, answers protocol tasks, receives the models."""
