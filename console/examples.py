"""Examples at the end of each command's help. Every command has some: a test holds that."""

EXAMPLES = {
    "status": """\
  trajconsole status                   hosts and workers, every second; elsewhere than on a terminal one frame
  trajconsole status --json | jq '.workers[] | {worker, state, epoch}'
  trajconsole status --all             every run ever seen""",
    "check": """\
  trajconsole check                    all hosts and their workers
  trajconsole check gpu1 --json        one host, for programs; exit code 3: it cannot be reached""",
    "hosts": """\
  trajconsole hosts                    what ~/.ssh/config names
  trajconsole hosts --check            connect to each, and say what is there
  trajconsole hosts gpu1 gpu2 --add    into config.toml; a host that is not listed may be typed as after ssh""",
    "config": """\
  trajconsole config show                                    the file in force
  trajconsole config get workers.attention.set.run.epochs
  trajconsole config set hosts.gpu1.root /big/trajconsole
  trajconsole config set workers.attention.set '{ run.epochs = 50 }' --dry-run
  trajconsole config unset workers.old                       a key, or a whole table
  trajconsole config add-host gpu1 me@10.0.0.5
  trajconsole config add-worker small --host gpu1 --trainer persistence-attention --set run.epochs=3
  trajconsole config check                                   0: the file is right; 2: what is wrong with it""",
    "trust": """\
  trajconsole trust gpu1               shows the fingerprint and asks
  trajconsole trust gpu1 --yes SHA256:…     without a terminal""",
    "deploy": """\
  trajconsole deploy                   the code of all workers
  trajconsole deploy gpu1 --prune 30   and away with what was not used for 30 days""",
    "start": """\
  trajconsole start attention          tried out, then started
  trajconsole start a b --no-check     both at once""",
    "clone": """\
  trajconsole clone attention slower --set optim.lr=1e-4    its settings, but for this one
  trajconsole clone attention-20261121-101500-ab12 again --start     an earlier run as it really ran
  trajconsole clone attention elsewhere --host gpu2 --dry-run""",
    "sweep": """\
  trajconsole sweep attention optim.lr=1e-3,1e-4 run.seed=0,1,2 --name rates --dry-run     6 workers; only shown
  trajconsole sweep attention optim.lr=1e-3,1e-4 run.seed=0,1,2 --name rates --at-once 2 --start
  trajconsole sweep attention --list tries.csv --host gpu1,gpu2 --gpus 1
  trajconsole sweep rates              what came of it, the best first
  trajconsole stop rates               all of it""",
    "tune": """\
  trajconsole tune attention                       as [tune] of its configuration says, one trial after the other
  trajconsole tune attention --trials 40 --at-once 4 --hosts gpu1,gpu2
  trajconsole status                               its trials, like any other run; ctrl+c leaves them running
  trajconsole stop attention-study                 the study and all of its trials, each with a checkpoint""",
    "stop": """\
  trajconsole stop big --grace 10m     its checkpoint takes a while; always: grace = "10m" in its table
  trajconsole stop attention           a checkpoint first; ends when it is verified gone""",
    "kill": """\
  trajconsole kill attention           at once, without a checkpoint""",
    "resume": """\
  trajconsole resume attention         from its last checkpoint""",
    "promote": """\
  trajconsole promote a b c --best 2 --by val_accuracy --epochs 50
  trajconsole promote a b c --epochs 50 --dry-run""",
    "attach": """\
  trajconsole attach attention         leave it with ctrl+b d""",
    "logs": """\
  trajconsole logs attention -f        follow it to its end
  trajconsole logs attention -n 0 --grep 'loss|nan'""",
    "adopt": """\
  trajconsole adopt gpu1               what could be adopted
  trajconsole adopt gpu1 --session train --metrics out/metrics.jsonl""",
    "pull": """\
  trajconsole pull attention           best and last checkpoint, and all else, into ./runs
  trajconsole pull --to ~/results --checkpoints all --limit 20MB/s""",
    "push": """\
  trajconsole push gpu1 ~/clips        into the host's data folder, verified there""",
    "compare": """\
  trajconsole compare a b              newest runs beside each other
  trajconsole compare persistence --markdown report.md""",
    "serve": """\
  trajconsole serve                         open the printed address in a browser of this machine
  trajconsole serve --port 0 --readonly     any free port; only looking
  ssh -L 8017:localhost:8017 desk           the way from elsewhere: through ssh, to a console served on desk
  trajconsole serve --address 10.0.0.5      for the network: without encryption, only the token keeps others out
the address ends with a token; TRAJCONSOLE_TOKEN sets one that stays the same""",
    "replay": """\
  trajconsole --record today.tcr        the screen, kept as it goes on
  trajconsole replay today.tcr          the same again; P pause, < > ten seconds, { } speed
  trajconsole replay today.tcr --speed 60
  trajconsole replay today.tcr --once --at 90     the frame at 1:30, as text; without --at the last one""",
    "watch": """\
  trajconsole watch                    every 2 minutes into ./runs; ctrl+c leaves it
  trajconsole watch --every 30s --to ~/results
  trajconsole watch --once             one round, for cron
  trajconsole watch --dry-run          what it would stop, sync and tell now
  trajconsole watch --on gpu1          in tmux on that host, for when this laptop is closed
  trajconsole watch --on gpu1 --status      does it watch, and its last lines; --stop ends it""",
    "alerts": """\
  trajconsole alerts                   the ways of [alerts.NAME]
  trajconsole alerts test              one alert through each of them""",
    "history": """\
  trajconsole history 'acc>0.8' 'host~gpu' since:7d     figures, hosts, times: all must hold
  trajconsole history state=failed before:30d
  trajconsole history magvit --add paper                a tag; --note writes on the one run that is found
  trajconsole history tag:paper --csv paper.csv
  trajconsole history export --parquet results tag:paper   every figure of every row; also --csv, --tensorboard
  trajconsole history prune --dry-run                   what the rules of [history] would remove from this laptop
  trajconsole history prune --older 90d --yes           metrics and logs of runs that are pulled, or gone for good""",
    "report": """\
  trajconsole report                   runs/PARALLEL_PROGRESS.md and runs/report.html
  trajconsole report --print attention Markdown of one worker, on stdout""",
    "safe": """\
  trajconsole safe gpu1                exit code 0: all that its runs came to is here, every hash read again""",
    "race": """\
  trajconsole race persistence         exit code 0: there is a winner
  trajconsole race persistence --dry-run     before the start: would all of them start; later: what its rules say now
  trajconsole race persistence --audit       what was decided and done, why, and by whom""",
    "completion": """\
  source <(trajconsole completion bash)                                       bash: into ~/.bashrc
  trajconsole completion zsh > "${fpath[1]}/_trajconsole"                     zsh
  trajconsole completion fish > ~/.config/fish/completions/trajconsole.fish   fish""",
}


def examples_of(command: str) -> str:
    """For the end of its help."""
    found = EXAMPLES.get(command, "")
    return f"examples:\n{found}" if found else ""
