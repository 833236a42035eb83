"""`python -m console` is `trajconsole`."""

import sys

from console.cli import main

sys.exit(main())
