"""What a model buyer knows about its jobs, free of databases, networks and chains."""
