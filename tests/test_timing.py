from course_lib import timing


def test_alternating_gives_medians_and_changes_the_order(monkeypatch):
    calls, clock = [], iter(range(1000))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock) * 1.0)

    def ours():
        calls.append("ours")
        if len(calls) == 3:
            for _ in range(50):
                next(clock)  # one slow run is no reason for another median

    def peer():
        calls.append("peer")
        next(clock)

    assert timing.alternate(ours, peer, rounds=3) == (2.0, 1.0)
    assert calls == ["ours", "peer", *["peer", "ours"], *["ours", "peer"], *["peer", "ours"]]
