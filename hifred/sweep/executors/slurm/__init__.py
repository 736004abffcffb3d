"""Worker jobs on SLURM: checked, submitted, watched, replaced, drained."""
