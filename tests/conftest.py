"""What holds for all tests: on a machine that is busy with other things, slow is not wrong. Continuous integration
tries the same examples every time; everybody else, new ones (docs/decisions/0031-a-second-look.md).
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("busy"), derandomize=True)
settings.load_profile("same" if os.environ.get("CI") else "busy")
