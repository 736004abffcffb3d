"""Start the command line as `python -m hifred.cli`, as batch jobs do."""

from hifred.cli import main

main()
