// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice The ways out of a job: paid, expired, cancelled; to the second.
contract MarketplaceLifecycleTest is MarketplaceFixture {
    event JobFinalized(uint256 indexed jobId, bytes32 seed, uint256 paid, uint256 refunded);
    event JobExpired(uint256 indexed jobId, uint256 paid, uint256 refunded);
    event JobCancelled(uint256 indexed jobId, uint256 refunded);

    // ----------------------------------------------------------------------------------------------------- finalize

    function test_finalize_pays_everybody_refunds_the_rest_and_publishes_the_seed() public {
        uint256 jobId = running(2, 2);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, plain(1, 6 * WAD, two(9 * WAD, 7 * WAD)));
        record(jobId, last(2, 5 * WAD, two(5 * WAD, 5 * WAD)));

        vm.expectEmit(true, true, true, true, address(market));
        emit JobFinalized(jobId, SEED, 6.5 ether, 3.5 ether);
        finalize(jobId);

        // 70 % of 10 ether times an improvement of one half, split 3 to 1.
        assertOwed(owner(0), 2.625 ether);
        assertOwed(owner(1), 0.875 ether);
        assertOwed(owner(2), 1 ether);
        assertOwed(owner(3), 1 ether);
        assertOwed(aggregator, 1 ether);
        assertOwed(buyer, 3.5 ether);
        assertEq(market.totalOwed(), DEPOSIT, "total owed");
        assertEq(market.escrowed(jobId), 0, "escrowed");
        assertEq(market.totalEscrowed(), 0, "total escrowed");
        assertState(jobId, IMarketplace.JobState.Finished);
        assertSolvent();
    }

    function test_finalize_refuses_another_seed() public {
        uint256 jobId = trained();
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceSeedMismatch.selector, jobId));
        vm.prank(aggregator);
        market.finalize(jobId, keccak256("another"));
    }

    function test_finalize_works_after_finishBy_while_nobody_expired_the_job() public {
        uint256 jobId = trained();
        vm.warp(FINISH_BY + 1000);
        finalize(jobId);
        assertState(jobId, IMarketplace.JobState.Finished);
    }

    // ------------------------------------------------------------------------------------------------------- expire

    function test_expireJob_pays_trainers_and_validators_and_not_the_aggregator() public {
        uint256 jobId = trained();
        vm.warp(FINALIZE_BY + 1);
        vm.expectEmit(true, true, true, true, address(market));
        emit JobExpired(jobId, 5.5 ether, 4.5 ether);
        vm.prank(stranger);
        market.expireJob(jobId);

        assertOwed(owner(0), 3.5 ether);
        assertOwed(owner(1), 2 ether);
        assertOwed(aggregator, 0);
        assertOwed(buyer, 4.5 ether);
        assertState(jobId, IMarketplace.JobState.Expired);
        assertSolvent();
    }

    function test_expireJob_settles_on_the_latest_checkpoint_when_the_last_never_came() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, plain(1, 5 * WAD, all(1, 6 * WAD)));
        vm.warp(FINISH_BY + 1);
        market.expireJob(jobId);
        assertOwed(owner(0), 3.5 ether);
        assertOwed(owner(1), 2 ether);
        assertOwed(buyer, 4.5 ether);
    }

    function test_expireJob_pays_only_validators_when_nothing_but_the_start_model_was_evaluated() public {
        uint256 jobId = running(1, 2);
        record(jobId, plain(0, 10 * WAD, none()));
        vm.warp(FINISH_BY + 1);
        market.expireJob(jobId);
        assertOwed(owner(0), 0);
        assertOwed(owner(1), 1 ether);
        assertOwed(owner(2), 1 ether);
        assertOwed(buyer, 8 ether);
    }

    function test_expireJob_refunds_everything_when_nothing_was_recorded() public {
        uint256 jobId = running(1, 1);
        vm.warp(FINISH_BY + 1);
        market.expireJob(jobId);
        assertOwed(buyer, DEPOSIT);
        assertOwed(owner(0), 0);
        assertOwed(owner(1), 0);
    }

    function test_expireJob_refuses_until_finishBy_has_passed() public {
        uint256 jobId = running(1, 1);
        vm.warp(FINISH_BY);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceTooEarly.selector, jobId, FINISH_BY));
        market.expireJob(jobId);
    }

    function test_expireJob_leaves_the_aggregator_time_to_finalize_after_a_last_checkpoint() public {
        uint256 jobId = trained();
        vm.warp(FINALIZE_BY);
        assertEq(FINALIZE_BY, FINISH_BY + market.FINALIZE_WINDOW(), "window");
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceTooEarly.selector, jobId, FINALIZE_BY));
        market.expireJob(jobId);
        finalize(jobId);
        assertState(jobId, IMarketplace.JobState.Finished);
    }

    // ------------------------------------------------------------------------------------------------------- cancel

    function test_cancelJob_refunds_the_buyer_at_any_time_before_the_start() public {
        uint256 jobId = post();
        vm.expectEmit(true, true, true, true, address(market));
        emit JobCancelled(jobId, DEPOSIT);
        vm.prank(buyer);
        market.cancelJob(jobId);
        assertOwed(buyer, DEPOSIT);
        assertEq(market.escrowed(jobId), 0, "escrowed");
        assertState(jobId, IMarketplace.JobState.Cancelled);
        assertSolvent();
    }

    function test_cancelJob_by_a_stranger_waits_until_startBy_has_passed() public {
        uint256 jobId = post();
        vm.warp(START_BY);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceNotBuyer.selector, jobId, stranger));
        vm.prank(stranger);
        market.cancelJob(jobId);
        vm.warp(START_BY + 1);
        vm.prank(stranger);
        market.cancelJob(jobId);
        assertOwed(buyer, DEPOSIT);
        assertOwed(stranger, 0);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    /// @dev One trainer, one validator, an MSE that went from 10 to 5, the last checkpoint recorded.
    function trained() private returns (uint256 jobId) {
        jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, last(1, 5 * WAD, all(1, 6 * WAD)));
    }
}
