"""Several workers at once, one stream of steps."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from console.source import Step

Work = Callable[[], Iterator[Step]]


def together(works: Sequence[Work]) -> Iterator[Step]:
    """The steps of all works as they come, each in a thread of its own. The first error of any is raised at the end.

    Leaving early leaves the threads to finish by themselves: what they do on a host must not be cut in half.
    """
    steps: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()

    def run(work: Work) -> None:
        try:
            for step in work():
                steps.put(step)
        except BaseException as error:
            steps.put(error)
        steps.put(None)

    for work in works:
        threading.Thread(target=run, args=(work,), daemon=True).start()
    failed: BaseException | None = None
    left = len(works)
    while left:
        item = steps.get()
        if item is None:
            left -= 1
        elif isinstance(item, BaseException):
            failed = failed or item
        else:
            yield item
    if failed is not None:
        raise failed
