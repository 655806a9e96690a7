"""What a data owner knows about datasets and jobs, free of files, databases and networks."""
