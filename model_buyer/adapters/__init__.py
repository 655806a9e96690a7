"""How the model buyer reaches its database, its key vault and the chain."""
