"""On the path of a Python, it makes the tiny task known to the trainer there: as a host of tests has it."""

try:
    from trainer.tasks import REGISTRY, Entry
except ImportError:  # a Python that has no trainer
    pass
else:
    REGISTRY["tiny"] = Entry("tiny_settings:Settings", "tiny_task:TinyTask", "tiny_task:inspect")
