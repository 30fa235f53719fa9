"""Engine registry, worker processes and the job queue."""
