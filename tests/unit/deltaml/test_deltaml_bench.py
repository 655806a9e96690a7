import pytest

from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from deltaml.bench import KernelTiming, bench_kernels


def test_both_ways_of_computing_a_step_are_timed_and_agree():
    timings = bench_kernels(rows=(3, 12), features=2, key_bits=512, policy=UNSAFE_SMALL_KEYS)
    assert [(timing.rows, timing.features, timing.key_bits) for timing in timings] == [(3, 2, 512), (12, 2, 512)]
    for timing in timings:
        assert timing.max_error < 1e-10
        assert min(timing.table_s, timing.gram_s, timing.step_s, timing.phe_s) > 0


def test_ratios_are_quotients_of_the_times():
    timing = KernelTiming(88, 11, 2048, table_s=9.0, gram_s=0.5, step_s=0.5, phe_s=20.0, max_error=0.0)
    assert timing.ratio == pytest.approx(40)
    assert timing.ratio_with_gram == pytest.approx(20)
