"""Invented papers that live: a virtual clock, newsrooms with Vietnamese habits, and a server that stands for them all.

    papers = newsroom(10)                                       # small to large; or `Paper(...)` each, as a test needs
    simulator = Simulator(papers, first=date(2024, 6, 3), days=30)
    simulator.write_seeds(home / "seeds")                       # for `scrapy crawl news -s SEEDS_DIR=…`
    simulator.answer("http://so-1.example:8080/robots.txt", at, {})      # in process
    with SimulatorServer(simulator) as server:                  # over HTTP, as a proxy: http_proxy=server.root
        server.clock.set(...)
        server.log                                              # every request

Everything follows from the seed, whatever the order of the requests; only view counts and the like do not.
"""

from tests.simulator.papers import Paper, Story, newsroom
from tests.simulator.server import Clock, Logged, SimulatorServer
from tests.simulator.simulator import Answer, Look, Simulator

__all__ = ["Answer", "Clock", "Logged", "Look", "Paper", "Simulator", "SimulatorServer", "Story", "newsroom"]
