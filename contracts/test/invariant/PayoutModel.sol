// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

/// @notice The payout rule of docs/protocol.md, written a second time so that the campaign does not ask the contract's own
/// arithmetic what is right.
library PayoutModel {
    /// @param improved max(0, first MSE − last MSE)
    struct Facts {
        uint256 deposit;
        uint256 firstMse;
        uint256 improved;
        uint256 trainerBps;
        uint256 validatorBps;
        uint256 aggregatorBps;
    }

    struct Split {
        uint256[] trainers;
        uint256 validatorEach;
        uint256 aggregator;
        uint256 refund;
    }

    function split(Facts memory facts, uint256[] memory contributions, uint256 validators)
        internal
        pure
        returns (Split memory result)
    {
        uint256 left = facts.deposit;
        result.trainers = _earned(_pool(facts), contributions);
        for (uint256 i = 0; i < result.trainers.length; ++i) {
            left -= result.trainers[i];
        }
        if (validators > 0) {
            result.validatorEach = (facts.deposit * facts.validatorBps / 10_000) / validators;
            left -= result.validatorEach * validators;
        }
        result.aggregator = facts.deposit * facts.aggregatorBps / 10_000;
        result.refund = left - result.aggregator;
    }

    function _pool(Facts memory facts) private pure returns (uint256) {
        if (facts.firstMse == 0) return 0;
        return fraction(facts.deposit * facts.trainerBps / 10_000, facts.improved, facts.firstMse);
    }

    function _earned(uint256 pool, uint256[] memory contributions) private pure returns (uint256[] memory earned) {
        earned = new uint256[](contributions.length);
        uint256 sum;
        for (uint256 i = 0; i < contributions.length; ++i) {
            sum += contributions[i];
        }
        for (uint256 i = 0; i < contributions.length; ++i) {
            earned[i] = sum == 0 ? pool / contributions.length : fraction(pool, contributions[i], sum);
        }
    }

    /// @notice ⌊amount · part / whole⌋ for part ≤ whole < 2^255, exact even where the product has more than 256 bits.
    function fraction(uint256 amount, uint256 part, uint256 whole) internal pure returns (uint256 result) {
        if (amount == 0 || part <= type(uint256).max / amount) return amount * part / whole;
        // Double and add, from the amount's highest bit: result · whole + rest = (bits so far) · part.
        uint256 rest;
        for (uint256 bit = 1 << 255; bit > 0; bit >>= 1) {
            (result, rest) = (2 * result, 2 * rest);
            if (rest >= whole) (result, rest) = (result + 1, rest - whole);
            if (amount & bit != 0) {
                rest += part;
                if (rest >= whole) (result, rest) = (result + 1, rest - whole);
            }
        }
    }
}
