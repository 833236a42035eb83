"""Blocking iterators in threads of their own: several workers as one stream of steps, and one of them awaited."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeVar

from console.source import Step

Work = Callable[[], Iterator[Step]]
T = TypeVar("T")


def bind(function: Callable[..., Iterator[Step]], *arguments: Any) -> Work:
    """A work: the function with these arguments."""
    return lambda: function(*arguments)


def in_turn(works: Sequence[Work]) -> Work:
    """One after the other, as one work."""

    def run() -> Iterator[Step]:
        for work in works:
            yield from work()

    return run


def together(works: Sequence[Work], *, most: int = 0) -> Iterator[Step]:
    """The steps of all works as they come, each in a thread of its own. The first error of any is raised at the end.
    `most`: so many at a time; 0: all at once.

    Leaving early leaves the threads to finish by themselves: what they do on a host must not be cut in half.
    """
    steps: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()

    waiting = iter(works)
    next_one = threading.Lock()

    def run() -> None:
        while True:
            with next_one:
                work = next(waiting, None)
            if work is None:
                return
            try:
                for step in work():
                    steps.put(step)
            except BaseException as error:
                steps.put(error)
            steps.put(None)

    for _ in range(min(most or len(works), len(works))):
        threading.Thread(target=run, daemon=True).start()
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


async def in_thread(make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """What a blocking iterator yields, as it comes; its thread is its own, and nobody waits for it at exit."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()

    def put(item: tuple[T] | BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def run() -> None:
        try:
            for value in make():
                put((value,))
        except BaseException as error:
            put(error)
        put(None)

    threading.Thread(target=run, name="action", daemon=True).start()
    while (item := await queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item[0]
