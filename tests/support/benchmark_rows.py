"""Invented rows of a benchmark whose figures are known."""

from __future__ import annotations


def rows():
    """Turn 0 is wrong by far and must not count; every document costs 20 ms on a core, every job 5 s."""
    for turn in range(4):
        noise = 100.0 if turn == 0 else 1.0
        for cores in (1, 2):
            for size in (1_000, 4_000):
                sec = noise * (5.0 + 0.02 * size / cores)
                yield {
                    "turn": turn,
                    "what": "job",
                    "checkpoint": "rnn",
                    "cores": cores,
                    "size": size,
                    "documents": size,
                    "sec": sec,
                }
        for precision, rate in (("auto", 100.0), ("float32", 50.0)):
            named = {"turn": turn, "checkpoint": "rnn", "precision": precision, "documents": 1_000}
            yield {"what": "bare encoder", **named, "sec": noise * 18.0, "pieces": 100, "padded_pieces": 104}
            stages = {
                "outside_share": 0.08,
                "pieces": 100,
                "padded_pieces": 104,
                "computed_pieces": 120,
                "sec": {"parse": 1.0, "encode": noise * 18.0, "heads": noise * 1.0},
            }
            yield {"what": "stages", **named, "worker_sec": noise * 1_000 / rate, **stages}
        yield {"turn": turn, "what": "pair marker", "checkpoint": "rnn", "documents": 16, "sec": noise * 8.0}
        yield {
            "turn": turn,
            "what": "recognition",
            "checkpoint": "rnn",
            "sec_by_way": {"ours": 2.0 * noise, "theirs": 6.0 * noise},
        }
        yield {
            "turn": turn,
            "what": "job",
            "checkpoint": "lstm",
            "cores": 1,
            "size": 1_000,
            "documents": 1_000,
            "sec": 1.0,
        }
