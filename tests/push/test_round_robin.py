"""What is left over is done in turns, and the event loop serves everybody else in between."""

import asyncio
import time

from chinwag.push.round_robin import TURN_SECONDS, RoundRobin


class Worker:
    def __init__(self, queue: RoundRobin, done: list["Worker"], units: int, seconds: float = 0) -> None:
        self._queue, self._done, self._units, self._seconds = queue, done, units, seconds

    def take_turn(self) -> None:
        end = time.perf_counter() + self._seconds
        while time.perf_counter() < end:
            pass
        self._done.append(self)
        self._units -= 1
        if self._units:
            self._queue.add(self)


async def test_each_has_its_turn_before_anybody_has_another() -> None:
    queue, done = RoundRobin(asyncio.get_running_loop()), list[Worker]()
    workers = [Worker(queue, done, units=3) for _ in range(3)]
    for worker in [*workers, workers[0]]:
        queue.add(worker)
    while len(done) < 9:
        await asyncio.sleep(0)
    assert done == 3 * workers


async def test_many_workers_do_not_stop_the_event_loop() -> None:
    queue, done = RoundRobin(asyncio.get_running_loop()), list[Worker]()
    for _ in range(20):
        queue.add(Worker(queue, done, units=2, seconds=TURN_SECONDS))
    turns = []
    while len(done) < 40:
        turns.append(len(done))
        await asyncio.sleep(0)
    assert len(turns) >= 40


async def test_a_worker_that_fails_does_not_stop_the_others() -> None:
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    queue, done = RoundRobin(loop), list[Worker]()

    class Failing:
        def take_turn(self) -> None:
            raise ZeroDivisionError

    queue.add(Failing())
    queue.add(Worker(queue, done, units=1))
    while not done:
        await asyncio.sleep(0)
    assert len(failures) == 1
