// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title How a deposit is split
/// @notice With every division rounded down, and all that is left over going to the buyer:
///
///     pool        = deposit · trainerBps / 10000 · max(0, initialMse − finalMse) / initialMse       (0 if initialMse = 0)
///     trainer t   = pool · contribution_t / Σ contributions            (pool / number of trainers if the sum is 0)
///     validator   = (deposit · validatorBps / 10000) / number of validators
///     aggregator  = deposit · aggregatorBps / 10000
///     refund      = deposit − everything above
///
/// The same rule in Python is commons/market/payout.py; the two agree to the wei.
library PayoutMath {
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @notice Everything that the split depends on.
    /// @param deposit in wei, below 2^128
    /// @param initialMse MSE of the start model, below 2^128
    /// @param finalMse MSE of the latest model, below 2^128
    /// @param trainerBps basis points for the trainers
    /// @param validatorBps basis points for the validators
    /// @param aggregatorBps basis points for the aggregator; the three sum to at most 10000
    /// @param validatorCount number of validators
    struct Input {
        uint256 deposit;
        uint256 initialMse;
        uint256 finalMse;
        uint256 trainerBps;
        uint256 validatorBps;
        uint256 aggregatorBps;
        uint256 validatorCount;
    }

    /// @notice Amounts in wei; with every validator's share counted they sum to the deposit exactly.
    struct Payout {
        uint256[] perTrainer;
        uint256 perValidator;
        uint256 aggregator;
        uint256 refund;
    }

    /// @notice The split of `input.deposit` for the trainers' summed contributions (each below 2^160).
    function payout(Input memory input, uint256[] memory contributions) internal pure returns (Payout memory result) {
        uint256 paid;
        (result.perTrainer, paid) = perTrainer(trainerPool(input), contributions);
        if (input.validatorCount > 0) {
            result.perValidator = (input.deposit * input.validatorBps) / BASIS_POINTS / input.validatorCount;
            paid += result.perValidator * input.validatorCount;
        }
        result.aggregator = (input.deposit * input.aggregatorBps) / BASIS_POINTS;
        result.refund = input.deposit - paid - result.aggregator;
    }

    /// @notice What all trainers together earn: their share of the deposit times the relative improvement.
    function trainerPool(Input memory input) internal pure returns (uint256) {
        if (input.finalMse >= input.initialMse) return 0;
        uint256 budget = (input.deposit * input.trainerBps) / BASIS_POINTS;
        return Math.mulDiv(budget, input.initialMse - input.finalMse, input.initialMse);
    }

    /// @notice `pool` split in proportion to contributions, equally when nobody contributed.
    function perTrainer(uint256 pool, uint256[] memory contributions)
        internal
        pure
        returns (uint256[] memory shares, uint256 total)
    {
        uint256 count = contributions.length;
        // It is meant to begin at zero, which is what a declaration without a value gives.
        // slither-disable-next-line uninitialized-local
        uint256 sum;
        for (uint256 i = 0; i < count; ++i) {
            sum += contributions[i];
        }
        shares = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            shares[i] = sum == 0 ? pool / count : Math.mulDiv(pool, contributions[i], sum);
            total += shares[i];
        }
    }
}
