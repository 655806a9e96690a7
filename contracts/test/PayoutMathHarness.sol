// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {PayoutMath} from "../src/PayoutMath.sol";

/// @notice Lets a test from outside call the payout rule by itself.
contract PayoutMathHarness {
    function payout(PayoutMath.Input calldata input, uint256[] calldata contributions)
        external
        pure
        returns (PayoutMath.Payout memory)
    {
        return PayoutMath.payout(input, contributions);
    }
}
