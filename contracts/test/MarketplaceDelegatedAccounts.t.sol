// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice Accounts that take on code after they signed, as EIP-7702 lets any account with a key: what their key signed
/// stays signed, whatever that code says.
contract MarketplaceDelegatedAccountsTest is MarketplaceFixture {
    /// @dev Reverts on every call.
    bytes private constant REVERTING = hex"5f5ffd";
    /// @dev Returns 32 zero bytes to every call, so it never approves.
    bytes private constant DISAPPROVING = hex"60205ff3";

    function test_a_buyer_cannot_disown_the_checkpoints_that_it_signed() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        IMarketplace.Checkpoint memory checkpoint = last(1, 5 * WAD, all(1, 6 * WAD));
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.etch(buyer, REVERTING);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);
        finalize(jobId);
        assertOwed(owner(0), 3.5 ether);
        assertOwed(owner(1), 2 ether);
    }

    function test_an_owner_cannot_disown_its_acceptance_and_so_stop_the_start() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 2);
        vm.etch(owner(0), REVERTING);
        vm.etch(owner(1), DISAPPROVING);
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, seedHash());
        assertState(jobId, IMarketplace.JobState.Running);
    }

    function test_code_that_approves_nothing_does_not_make_a_strangers_signature_good() public {
        uint256 jobId = post();
        bytes[] memory signatures = acceptances(jobId, 2);
        signatures[0] = signed(0xBAD, market.hashAcceptance(jobId, owner(0), EITHER));
        vm.etch(owner(0), DISAPPROVING);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner(0)));
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, seedHash());
    }
}
