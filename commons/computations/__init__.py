"""What is computed, by whom, in which order, and who learns what; one folder for each kind of job. No I/O."""
