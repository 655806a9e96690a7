// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {PayoutMath} from "../src/PayoutMath.sol";

/// @notice Lets a test from outside call the payout rule by itself, for many splits at once.
contract PayoutMathHarness {
    function payouts(PayoutMath.Input[] calldata inputs, uint256[][] calldata contributions)
        external
        pure
        returns (PayoutMath.Payout[] memory results)
    {
        results = new PayoutMath.Payout[](inputs.length);
        for (uint256 i = 0; i < inputs.length; ++i) {
            results[i] = PayoutMath.payout(inputs[i], contributions[i]);
        }
    }
}
