"""Where trials run: in this process, on this machine, on SLURM."""
