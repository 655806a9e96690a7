from commons.agent.backoff import Backoff


def test_waits_double_up_to_the_limit_with_jitter() -> None:
    backoff = Backoff(initial_s=1, limit_s=8)
    waits = [backoff.next_s() for _ in range(6)]
    for wait, step in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert step / 2 <= wait <= step


def test_a_success_starts_over() -> None:
    backoff = Backoff(initial_s=1, limit_s=8)
    assert not backoff.failed
    for _ in range(5):
        backoff.next_s()
    assert backoff.failed
    backoff.reset()
    assert not backoff.failed
    assert backoff.next_s() <= 1
