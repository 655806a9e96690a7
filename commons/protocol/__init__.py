"""What the parties say to each other: specification, tasks and results, wire form, bounds, the state of a job. No I/O."""
