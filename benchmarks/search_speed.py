"""How fast the search is: the least SRAM of every network of a folder, without recomputation, in CPU time on one core.

    python -m benchmarks.search_speed FOLDER [--repeat 5] [--least-work]

FOLDER holds networks as JSON (tests/support/networks.py). ``--least-work`` also looks for the least work in those bytes.
The problem as numbers is built once; what is timed is the call of the C++ search, its numbers' way there and back.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mcupatch.schedule.search import find_least_bytes, find_least_sram
from mcupatch.schedule.search_problem import build_problem
from mcupatch.scratch import find_scratch_by_size
from tests.support.networks import load_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--least-work", action="store_true")
    options = parser.parse_args()
    search = find_least_sram if options.least_work else find_least_bytes
    print(f"{'network':24} {'operators':>9} {'KiB':>8} {'ms':>8} {'a second, a core':>17}")
    for path in sorted(options.folder.glob("*.json")):
        graph, _ = load_network(path)
        problem = build_problem(graph, find_scratch_by_size(graph), graph.inputs)
        best = float("inf")
        for _ in range(options.repeat):
            start = time.process_time()
            found = search(problem)
            best = min(best, time.process_time() - start)
        kib = found.bytes / 1024
        print(f"{path.stem:24} {len(graph.ops):9} {kib:8.1f} {1000 * best:8.1f} {1 / best:17.0f}")


if __name__ == "__main__":
    main()
