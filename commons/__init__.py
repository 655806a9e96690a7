"""What the services share; nothing here imports a service."""
