"""Runs a function in several processes that form one gloo group, as `torchrun` would start them."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from typing import Any

import torch.distributed as dist
from accelerate.state import AcceleratorState

CONTEXT = multiprocessing.get_context("fork")  # what is imported need not be imported again


def in_processes(count: int, function: Callable[..., Any], *args: Any) -> list[Any]:
    """What `function(*args)` returns in each of them, by rank; an exception is returned as its type and message."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    queue = CONTEXT.SimpleQueue()
    started = [CONTEXT.Process(target=_run, args=(queue, rank, count, port, function, args)) for rank in range(count)]
    for process in started:
        process.start()
    results = dict(queue.get() for _ in started)
    for process in started:
        process.join()
    return [results[rank] for rank in range(count)]


def figures(entry: dict[str, Any]) -> dict[str, float]:
    """The numbers of a logged line by name, those of a list by name and place: what `pytest.approx` can compare."""
    lists = {name: value for name, value in entry.items() if isinstance(value, list)}
    spread = {f"{name}[{index}]": each for name, value in lists.items() for index, each in enumerate(value)}
    return {name: value for name, value in entry.items() if name not in lists} | spread


def _run(queue: Any, rank: int, count: int, port: int, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        queue.put((rank, function(*args)))
    except BaseException as error:
        queue.put((rank, (type(error), str(error))))
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
        os._exit(0)  # past what pytest does at exit
