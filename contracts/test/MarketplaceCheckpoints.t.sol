// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice What both sides must have agreed on before a checkpoint is recorded, and what it adds up to.
contract MarketplaceCheckpointsTest is MarketplaceFixture {
    function test_checkpoints_accumulate_contributions() public {
        uint256 jobId = running(2, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, plain(1, 6 * WAD, two(9 * WAD, 5 * WAD)));
        record(jobId, last(2, 5 * WAD, two(7 * WAD, 6 * WAD)));

        uint256[] memory sums = market.contributions(jobId);
        assertEq(sums[0], 5 * WAD, "3 + 2");
        assertEq(sums[1], 1 * WAD, "0 + 1");
        IMarketplace.Job memory job = market.getJob(jobId);
        assertEq(job.checkpointCount, 3, "count");
        assertEq(market.checkpointCount(jobId), 3, "count view");
        assertEq(job.initialMse, 10 * WAD, "initial");
        assertEq(job.latestMse, 5 * WAD, "latest");
        assertTrue(job.lastRecorded, "last");
        assertEq(job.deliveryDigest, DELIVERY, "delivery");
    }

    function test_recordCheckpoint_refuses_a_history_that_does_not_begin_with_index_0() public {
        uint256 jobId = running(1, 1);
        refuseCheckpoint(
            jobId,
            plain(1, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 1, 0)
        );
    }

    function test_recordCheckpoint_refuses_an_index_again_an_earlier_one_or_a_gap() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, WAD, none()));
        refuseCheckpoint(
            jobId,
            plain(0, WAD, none()),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 0, 1)
        );
        record(jobId, plain(1, WAD, all(1, WAD)));
        refuseCheckpoint(
            jobId,
            plain(0, WAD, none()),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 0, 2)
        );
        refuseCheckpoint(
            jobId,
            plain(3, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 3, 2)
        );
    }

    function test_recordCheckpoint_wants_no_leave_one_out_at_0_and_one_a_trainer_afterwards() public {
        uint256 jobId = running(2, 1);
        refuseCheckpoint(
            jobId,
            plain(0, WAD, all(2, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceLeaveOneOutCountInvalid.selector, jobId, 2, 0)
        );
        record(jobId, plain(0, WAD, none()));
        refuseCheckpoint(
            jobId,
            plain(1, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceLeaveOneOutCountInvalid.selector, jobId, 1, 2)
        );
        refuseCheckpoint(
            jobId,
            plain(1, WAD, all(3, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceLeaveOneOutCountInvalid.selector, jobId, 3, 2)
        );
    }

    function test_recordCheckpoint_refuses_an_mse_over_the_bound() public {
        uint256 jobId = running(1, 1);
        uint256 tooLarge = market.MAX_MSE() + 1;
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceMseTooLarge.selector, tooLarge, market.MAX_MSE());
        refuseCheckpoint(jobId, plain(0, tooLarge, none()), refusal);
        record(jobId, plain(0, market.MAX_MSE(), none()));
        refuseCheckpoint(jobId, plain(1, tooLarge, all(1, WAD)), refusal);
        refuseCheckpoint(jobId, plain(1, WAD, all(1, tooLarge)), refusal);
    }

    function test_recordCheckpoint_wants_the_delivery_digest_with_the_last() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, WAD, none()));
        IMarketplace.Checkpoint memory checkpoint = last(1, WAD, all(1, WAD));
        checkpoint.deliveryDigest = bytes32(0);
        refuseCheckpoint(
            jobId, checkpoint, abi.encodeWithSelector(IMarketplace.MarketplaceDeliveryDigestMissing.selector, jobId)
        );
    }

    function test_recordCheckpoint_refuses_one_second_after_finishBy() public {
        uint256 jobId = running(1, 1);
        vm.warp(FINISH_BY);
        record(jobId, plain(0, WAD, none()));
        vm.warp(FINISH_BY + 1);
        refuseCheckpoint(
            jobId,
            plain(1, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceTooLate.selector, jobId, FINISH_BY)
        );
    }

    function test_recordCheckpoint_refuses_what_the_buyer_did_not_sign() public {
        uint256 jobId = running(1, 1);
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, plain(0, WAD, none())));
        bytes memory refusal = abi.encodeWithSelector(IMarketplace.MarketplaceBuyerSignatureInvalid.selector, jobId);
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, plain(0, WAD + 1, none()), signature);

        bytes memory strangers = signed(ownerKey(0), market.hashCheckpoint(jobId, plain(0, WAD, none())));
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, plain(0, WAD, none()), strangers);

        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, plain(0, WAD, none()), "");
    }

    function test_recordCheckpoint_refuses_a_signature_for_another_job() public {
        uint256 first = running(1, 1);
        uint256 second = post();
        start(second, 1, 1);
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(first, plain(0, WAD, none())));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceBuyerSignatureInvalid.selector, second));
        vm.prank(aggregator);
        market.recordCheckpoint(second, plain(0, WAD, none()), signature);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function refuseCheckpoint(uint256 jobId, IMarketplace.Checkpoint memory checkpoint, bytes memory refusal) private {
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);
    }
}
