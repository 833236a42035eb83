"""The trainer's command line with the tiny task registered: what tests start as a process."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tiny_task

from trainer.cli import main

tiny_task.register()

if __name__ == "__main__":
    sys.exit(main())
