"""Names of the files in a run directory, and the version of the whole format."""

SCHEMA = 1

RUN = "run.toml"  # the complete resolved configuration and its origin; once
LAUNCH_SCRIPT = "launch.sh"  # the exact command; once per attempt
LAUNCH = "launch.json"  # pid and start time of launch.sh; once per attempt
STATUS = "status.json"  # replaced atomically
METRICS = "metrics.jsonl"  # append
EVENTS = "events.jsonl"  # append
LOG = "train.log"  # append; stdout and stderr
EXIT = "exit.json"  # atomically, at the end of an attempt
RESULTS = "results.json"  # atomically, once the run ended well
STOP = "stop"  # anyone creates it: stop cleanly at the next step
CHECKPOINTS = "checkpoints"
FIGURES = "figures"
LOCK = "lock"  # held by the one writer through flock

DOCUMENTS = (STATUS, LAUNCH, EXIT, RESULTS, RUN)
STREAMS = (METRICS, EVENTS, LOG)

WINNER = "winner.json"  # in a race's folder, not in a run's
