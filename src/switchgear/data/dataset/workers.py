"""Several processes at a list of jobs, with a progress bar on a terminal and a line for each job elsewhere."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from multiprocessing.queues import SimpleQueue
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Job = TypeVar("Job")
Result = TypeVar("Result")
Seen = Callable[[int], None]
_seen: Seen


def available() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(
    work: Callable[[Job, Seen], Result],
    jobs: Sequence[Job],
    names: Sequence[str],
    title: str,
    processes: int,
    console: Console,
) -> list[Result]:
    """`work(job, seen)` of every job, in their order; `seen` is to be told the rows that were read.

    With more than one process, `work` and the jobs must be picklable. The first error ends all of it.
    """
    with _bar(title, len(jobs), console) as (seen, done):
        if min(processes, len(jobs)) <= 1:
            results = []
            for job, name in zip(jobs, names, strict=True):
                results.append(work(job, seen))
                done(name)
            return results
        return _parallel(work, jobs, names, processes, seen, done)


def _parallel(
    work: Callable[[Job, Seen], Result],
    jobs: Sequence[Job],
    names: Sequence[str],
    processes: int,
    seen: Seen,
    done: Callable[[str], None],
) -> list[Result]:
    context = get_context("spawn")  # a fork would copy the threads' locks and not the threads
    queue: SimpleQueue[int] = context.SimpleQueue()
    with ProcessPoolExecutor(min(processes, len(jobs)), context, _begin, (queue.put,)) as pool:
        named = {pool.submit(_work, work, job): name for job, name in zip(jobs, names, strict=True)}
        pending: set[Future[Result]] = set(named)
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                while not queue.empty():
                    seen(queue.get())
                for future in finished:
                    future.result()  # raises what the job raised
                    done(named[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in named]


def _begin(seen: Seen) -> None:
    global _seen
    _seen = seen
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot end its workers: they would wait for it, and write beside the next attempt."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)


def _work(work: Callable[[Job, Seen], Result], job: Job) -> Result:
    return work(job, _seen)


@contextmanager
def _bar(title: str, total: int, console: Console) -> Iterator[tuple[Seen, Callable[[str], None]]]:
    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns += [TextColumn("{task.fields[rows]:,} rows"), TimeElapsedColumn()]
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task, rows = progress.add_task(title, total=total, rows=0), 0

        def seen(count: int) -> None:
            nonlocal rows
            rows += count
            progress.update(task, rows=rows)

        def done(name: str) -> None:
            progress.advance(task)
            if not console.is_terminal:
                console.print(f"{title}: {name}, {rows:,} rows so far", highlight=False)

        yield seen, done
