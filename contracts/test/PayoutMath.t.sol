// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {PayoutMath} from "../src/PayoutMath.sol";
import {Test} from "./Vm.sol";

/// @notice Worked numbers, and what holds for all of them.
contract PayoutMathTest is Test {
    uint256 private constant MAX = type(uint128).max;

    function test_worked_numbers() public pure {
        //       deposit  initial  final  contributions  →  first  second  validator  aggregator  refund
        assertSplit(10_000, 100, 50, 3, 1, 2625, 875, 1000, 1000, 3500);
        assertSplit(10_000, 100, 0, 1, 0, 7000, 0, 1000, 1000, 0);
        assertSplit(10_000, 100, 100, 5, 5, 0, 0, 1000, 1000, 7000);
        assertSplit(10_000, 100, 200, 5, 5, 0, 0, 1000, 1000, 7000);
        assertSplit(10_000, 0, 0, 0, 0, 0, 0, 1000, 1000, 7000);
        assertSplit(10_000, 0, 7, 1, 1, 0, 0, 1000, 1000, 7000);
        assertSplit(10_000, 100, 50, 0, 0, 1750, 1750, 1000, 1000, 3500);
        assertSplit(10_000, 3, 2, 1, 2, 777, 1555, 1000, 1000, 4668);
        assertSplit(1, 100, 0, 1, 1, 0, 0, 0, 0, 1);
        assertSplit(9, 100, 0, 1, 1, 3, 3, 0, 0, 3);
        assertSplit(MAX, MAX, 0, MAX << 32, 0, (MAX * 7000) / 10_000, 0, (MAX * 2000) / 10_000 / 2, MAX / 10, 2);
    }

    function test_without_validators_their_share_is_refunded() public pure {
        PayoutMath.Input memory input = PayoutMath.Input(10_000, 100, 0, 7000, 2000, 1000, 0);
        PayoutMath.Payout memory result = PayoutMath.payout(input, new uint256[](1));
        assertEq(result.perTrainer[0], 7000, "trainer");
        assertEq(result.perValidator, 0, "validator");
        assertEq(result.refund, 2000, "refund");
    }

    function test_without_trainers_their_share_is_refunded() public pure {
        PayoutMath.Input memory input = PayoutMath.Input(10_000, 100, 0, 7000, 2000, 1000, 1);
        PayoutMath.Payout memory result = PayoutMath.payout(input, new uint256[](0));
        assertEq(result.perTrainer.length, 0, "trainers");
        assertEq(result.refund, 7000, "refund");
    }

    function testFuzz_the_parts_sum_to_the_deposit(
        uint128 deposit,
        uint128 initialMse,
        uint128 finalMse,
        uint160[] memory raw,
        uint16[3] memory bps,
        uint8 validators
    ) public pure {
        uint256[] memory contributions = bounded(raw);
        PayoutMath.Input memory input = inputOf(deposit, initialMse, finalMse, bps, validators);
        PayoutMath.Payout memory result = PayoutMath.payout(input, contributions);
        uint256 total = result.refund + result.aggregator + result.perValidator * input.validatorCount;
        for (uint256 i = 0; i < contributions.length; ++i) {
            total += result.perTrainer[i];
        }
        assertEq(total, deposit, "sum");
    }

    function testFuzz_who_contributed_more_is_not_paid_less(uint128 deposit, uint128 initialMse, uint160[] memory raw)
        public
        pure
    {
        uint256[] memory contributions = bounded(raw);
        PayoutMath.Input memory input = inputOf(deposit, initialMse, initialMse / 2, [uint16(7000), 0, 0], 1);
        PayoutMath.Payout memory result = PayoutMath.payout(input, contributions);
        for (uint256 i = 1; i < contributions.length; ++i) {
            bool ordered = contributions[i] >= contributions[i - 1]
                ? result.perTrainer[i] >= result.perTrainer[i - 1]
                : result.perTrainer[i] <= result.perTrainer[i - 1];
            assertTrue(ordered, "order");
        }
    }

    function testFuzz_a_lower_final_mse_never_pays_the_trainers_less(
        uint128 deposit,
        uint128 initialMse,
        uint128 finalMse,
        uint128 lowerBy
    ) public pure {
        uint256 lower = finalMse - bound(lowerBy, 0, finalMse);
        PayoutMath.Input memory input = inputOf(deposit, initialMse, finalMse, [uint16(7000), 2000, 1000], 1);
        uint256 before = PayoutMath.trainerPool(input);
        input.finalMse = lower;
        uint256 afterwards = PayoutMath.trainerPool(input);
        assertTrue(afterwards >= before, "pool");
        assertTrue(afterwards <= (uint256(deposit) * 7000) / 10_000, "within the trainers' share");
    }

    function inputOf(uint256 deposit, uint256 initialMse, uint256 finalMse, uint16[3] memory bps, uint256 validators)
        private
        pure
        returns (PayoutMath.Input memory)
    {
        uint256 trainerBps = bound(bps[0], 0, 10_000);
        uint256 validatorBps = bound(bps[1], 0, 10_000 - trainerBps);
        uint256 aggregatorBps = bound(bps[2], 0, 10_000 - trainerBps - validatorBps);
        return PayoutMath.Input(deposit, initialMse, finalMse, trainerBps, validatorBps, aggregatorBps, validators);
    }

    function bounded(uint160[] memory raw) private pure returns (uint256[] memory contributions) {
        contributions = new uint256[](raw.length < 100 ? raw.length : 100);
        for (uint256 i = 0; i < contributions.length; ++i) {
            contributions[i] = raw[i];
        }
    }

    function assertSplit(
        uint256 deposit,
        uint256 initialMse,
        uint256 finalMse,
        uint256 firstContribution,
        uint256 secondContribution,
        uint256 first,
        uint256 second,
        uint256 validator,
        uint256 aggregator,
        uint256 refund
    ) private pure {
        PayoutMath.Input memory input = PayoutMath.Input(deposit, initialMse, finalMse, 7000, 2000, 1000, 2);
        uint256[] memory contributions = new uint256[](2);
        (contributions[0], contributions[1]) = (firstContribution, secondContribution);
        PayoutMath.Payout memory result = PayoutMath.payout(input, contributions);
        assertEq(result.perTrainer[0], first, "first trainer");
        assertEq(result.perTrainer[1], second, "second trainer");
        assertEq(result.perValidator, validator, "validator");
        assertEq(result.aggregator, aggregator, "aggregator");
        assertEq(result.refund, refund, "refund");
    }
}
