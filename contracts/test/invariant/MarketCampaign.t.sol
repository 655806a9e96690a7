// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {Marketplace} from "../../src/Marketplace.sol";
import {Test} from "../Vm.sol";
import {Ledger} from "./Ledger.sol";
import {MarketHandler} from "./MarketHandler.sol";

/// @notice Random calls by honest and hostile accounts, each compared with a model of the marketplace (see
/// docs/security.md). `campaign.py` runs it and adds up what happened.
contract MarketCampaign is Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    MarketHandler private _handler;

    function setUp() public {
        _handler = new MarketHandler(new Marketplace());
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), new bytes4[](11));
        bytes4[11] memory actions = [
            MarketHandler.createJob.selector,
            MarketHandler.revokeAcceptance.selector,
            MarketHandler.startJob.selector,
            MarketHandler.recordCheckpoint.selector,
            MarketHandler.finalize.selector,
            MarketHandler.cancelJob.selector,
            MarketHandler.expireJob.selector,
            MarketHandler.withdraw.selector,
            MarketHandler.withdrawTo.selector,
            MarketHandler.passTime.selector,
            MarketHandler.meddle.selector
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            targets[0].selectors[i] = actions[i];
        }
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_the_books_balance() public view {
        _handler.checkMoney();
    }

    /// @dev At the end of each run.
    function afterInvariant() public {
        Ledger.Tally memory tally = _handler.conclude();
        string memory file = vm.envOr("CAMPAIGN_TALLY", string(""));
        if (bytes(file).length > 0) vm.writeLine(file, vm.toString(abi.encode(tally)));
    }
}
