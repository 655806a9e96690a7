// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice A job from post to payout, every way out, and who may take which step when.
contract MarketplaceLifecycleTest is MarketplaceFixture {
    event JobCreated(
        uint256 indexed jobId,
        address indexed buyer,
        address indexed aggregator,
        uint256 deposit,
        bytes32 specDigest,
        bytes32 keyDigest
    );
    event JobFinalized(uint256 indexed jobId, bytes32 seed, uint256 paid, uint256 refunded);
    event JobExpired(uint256 indexed jobId, uint256 paid, uint256 refunded);
    event JobCancelled(uint256 indexed jobId, uint256 refunded);

    // ------------------------------------------------------------------------------------------------------- create

    function test_createJob_escrows_the_deposit_and_stores_the_terms() public {
        vm.expectEmit(true, true, true, true, address(market));
        emit JobCreated(1, buyer, aggregator, DEPOSIT, SPEC_DIGEST, KEY_DIGEST);
        uint256 jobId = post();

        IMarketplace.Job memory job = market.getJob(jobId);
        assertEq(job.buyer, buyer, "buyer");
        assertEq(job.deposit, DEPOSIT, "deposit");
        assertEq(keccak256(abi.encode(job.terms)), keccak256(abi.encode(defaultTerms())), "terms");
        assertState(jobId, IMarketplace.JobState.Posted);
        assertEq(market.escrowed(jobId), DEPOSIT, "escrowed");
        assertEq(market.totalEscrowed(), DEPOSIT, "total");
        assertSolvent();
    }

    function test_createJob_counts_ids_from_one() public {
        assertEq(post(), 1, "first");
        assertEq(post(), 2, "second");
        assertEq(market.jobCount(), 2, "count");
    }

    function test_createJob_refuses_a_deposit_of_zero_or_over_128_bits() public {
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceDepositOutOfRange.selector, 0, type(uint128).max)
        );
        post(defaultTerms(), 0);
        uint256 tooMuch = uint256(type(uint128).max) + 1;
        vm.deal(buyer, tooMuch);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceDepositOutOfRange.selector, tooMuch, type(uint128).max)
        );
        post(defaultTerms(), tooMuch);
    }

    function test_createJob_refuses_no_aggregator_and_the_buyer_as_aggregator() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.aggregator = address(0);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceAggregatorInvalid.selector, address(0)));
        post(terms, DEPOSIT);
        terms.aggregator = buyer;
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceAggregatorInvalid.selector, buyer));
        post(terms, DEPOSIT);
    }

    function test_createJob_refuses_missing_digests() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.specDigest = bytes32(0);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceDigestMissing.selector));
        post(terms, DEPOSIT);
        terms = defaultTerms();
        terms.keyDigest = bytes32(0);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceDigestMissing.selector));
        post(terms, DEPOSIT);
    }

    function test_createJob_refuses_deadlines_in_the_past_out_of_order_or_too_far_away() public {
        refuseDeadlines(START - 1, FINISH_BY);
        refuseDeadlines(START_BY, START_BY);
        refuseDeadlines(START_BY, START_BY - 1);
        refuseDeadlines(START_BY, START + 366 days + 1);
        refuseDeadlines(START_BY, type(uint64).max);
    }

    function test_createJob_takes_a_finish_by_of_exactly_the_longest_time() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.finishBy = START + uint64(market.MAX_DURATION());
        start(post(terms, DEPOSIT), 1, 1);
    }

    function test_createJob_takes_a_start_by_of_this_very_second() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.startBy = START;
        start(post(terms, DEPOSIT), 1, 1);
    }

    function test_createJob_refuses_shares_over_the_whole() public {
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.aggregatorBps = 1001;
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceSharesExceedDeposit.selector, 10_001));
        post(terms, DEPOSIT);
        (terms.trainerBps, terms.validatorBps, terms.aggregatorBps) = (65_535, 65_535, 65_535);
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceSharesExceedDeposit.selector, 196_605));
        post(terms, DEPOSIT);
    }

    function test_createJob_refuses_participant_limits_that_cannot_be_met() public {
        refuseLimits(0, 1, 140);
        refuseLimits(101, 1, 140);
        refuseLimits(1, 0, 140);
        refuseLimits(1, 41, 140);
        refuseLimits(1, 1, 141);
        refuseLimits(3, 2, 4);
    }

    // -------------------------------------------------------------------------------------------------- checkpoints

    function test_checkpoints_accumulate_contributions() public {
        uint256 jobId = running(2, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, plain(1, 6 * WAD, two(9 * WAD, 5 * WAD)));
        record(jobId, last(4, 5 * WAD, two(7 * WAD, 6 * WAD)));

        uint256[] memory sums = market.contributions(jobId);
        assertEq(sums[0], 5 * WAD, "3 + 2");
        assertEq(sums[1], 1 * WAD, "0 + 1");
        IMarketplace.Job memory job = market.getJob(jobId);
        assertEq(job.checkpointCount, 3, "count");
        assertEq(market.checkpointCount(jobId), 3, "count view");
        assertEq(job.latestIndex, 4, "index");
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
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 1)
        );
    }

    function test_recordCheckpoint_refuses_an_index_again_or_an_earlier_one() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, WAD, none()));
        refuseCheckpoint(
            jobId,
            plain(0, WAD, none()),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 0)
        );
        record(jobId, plain(5, WAD, all(1, WAD)));
        refuseCheckpoint(
            jobId,
            plain(5, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 5)
        );
        refuseCheckpoint(
            jobId,
            plain(4, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 4)
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

    function test_recordCheckpoint_refuses_anything_after_the_last() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, WAD, none()));
        record(jobId, last(1, WAD, all(1, WAD)));
        refuseCheckpoint(
            jobId,
            plain(2, WAD, all(1, WAD)),
            abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointAfterLast.selector, jobId, 2)
        );
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

    function test_recordCheckpoint_refuses_anybody_but_the_aggregator() public {
        uint256 jobId = running(1, 1);
        IMarketplace.Checkpoint memory checkpoint = plain(0, WAD, none());
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceNotAggregator.selector, jobId, buyer));
        vm.prank(buyer);
        market.recordCheckpoint(jobId, checkpoint, signature);
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

    function test_finalize_refuses_before_the_last_checkpoint() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, WAD, none()));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceLastCheckpointMissing.selector, jobId));
        finalize(jobId);
    }

    function test_finalize_refuses_another_seed() public {
        uint256 jobId = trained();
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceSeedMismatch.selector, jobId));
        vm.prank(aggregator);
        market.finalize(jobId, keccak256("another"));
    }

    function test_finalize_refuses_anybody_but_the_aggregator_and_a_second_time() public {
        uint256 jobId = trained();
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceNotAggregator.selector, jobId, stranger));
        vm.prank(stranger);
        market.finalize(jobId, SEED);
        finalize(jobId);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Finished)
        );
        finalize(jobId);
        assertEq(market.totalOwed(), DEPOSIT, "credited once");
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
        vm.warp(FINISH_BY + 1);
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

    function test_expireJob_refuses_a_job_that_never_started() public {
        uint256 jobId = post();
        vm.warp(FINISH_BY + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Posted)
        );
        market.expireJob(jobId);
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

    function test_cancelJob_refuses_a_running_job_and_a_second_time() public {
        uint256 jobId = running(1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Running)
        );
        vm.prank(buyer);
        market.cancelJob(jobId);

        uint256 other = post();
        vm.prank(buyer);
        market.cancelJob(other);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, other, IMarketplace.JobState.Cancelled)
        );
        vm.prank(buyer);
        market.cancelJob(other);
        assertOwed(buyer, DEPOSIT);
    }

    // -------------------------------------------------------------------------------------------------------- views

    function test_views_refuse_a_job_that_does_not_exist() public {
        bytes memory refusal = abi.encodeWithSelector(IMarketplace.MarketplaceNoSuchJob.selector, 7);
        vm.expectRevert(refusal);
        market.getJob(7);
        vm.expectRevert(refusal);
        market.getTrainers(7);
        vm.expectRevert(refusal);
        market.getValidators(7);
        vm.expectRevert(refusal);
        market.participationOf(7, buyer);
        vm.expectRevert(refusal);
        market.contributions(7);
        vm.expectRevert(refusal);
        market.checkpointCount(7);
        vm.expectRevert(refusal);
        market.quote(7);
        vm.expectRevert(refusal);
        market.escrowed(7);
        vm.expectRevert(refusal);
        market.hashAcceptance(7, buyer, EITHER);
    }

    function test_quote_follows_the_job() public {
        uint256 jobId = post();
        assertQuote(jobId, 0, 0, 0, DEPOSIT);
        start(jobId, 1, 1);
        assertQuote(jobId, 0, 0, 0, DEPOSIT);
        record(jobId, plain(0, 10 * WAD, none()));
        assertQuote(jobId, 0, 2 ether, 1 ether, 7 ether);
        record(jobId, last(1, 5 * WAD, all(1, 6 * WAD)));
        assertQuote(jobId, 3.5 ether, 2 ether, 1 ether, 3.5 ether);
        finalize(jobId);
        assertQuote(jobId, 3.5 ether, 2 ether, 1 ether, 3.5 ether);
    }

    function test_quote_of_an_expired_job_has_nothing_for_the_aggregator() public {
        uint256 jobId = trained();
        vm.warp(FINISH_BY + 1);
        market.expireJob(jobId);
        assertQuote(jobId, 3.5 ether, 2 ether, 0, 4.5 ether);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    /// @dev One trainer, one validator, an MSE that went from 10 to 5, the last checkpoint recorded.
    function trained() private returns (uint256 jobId) {
        jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, last(1, 5 * WAD, all(1, 6 * WAD)));
    }

    function assertQuote(uint256 jobId, uint256 trainer, uint256 validator, uint256 fee, uint256 rest) private view {
        (uint256[] memory perTrainer, uint256 perValidator, uint256 forAggregator, uint256 refund) = market.quote(jobId);
        assertEq(perTrainer.length == 0 ? 0 : perTrainer[0], trainer, "trainer");
        assertEq(perValidator, validator, "validator");
        assertEq(forAggregator, fee, "aggregator");
        assertEq(refund, rest, "refund");
    }

    function refuseCheckpoint(uint256 jobId, IMarketplace.Checkpoint memory checkpoint, bytes memory refusal) private {
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.expectRevert(refusal);
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);
    }

    function refuseDeadlines(uint64 startBy, uint64 finishBy) private {
        IMarketplace.JobTerms memory terms = defaultTerms();
        (terms.startBy, terms.finishBy) = (startBy, finishBy);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceDeadlinesInvalid.selector, startBy, finishBy, START)
        );
        post(terms, DEPOSIT);
    }

    function refuseLimits(uint16 minTrainers, uint16 minValidators, uint16 maxParticipants) private {
        IMarketplace.JobTerms memory terms = defaultTerms();
        (terms.minTrainers, terms.minValidators, terms.maxParticipants) = (minTrainers, minValidators, maxParticipants);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketplace.MarketplaceParticipantLimitsInvalid.selector, minTrainers, minValidators, maxParticipants
            )
        );
        post(terms, DEPOSIT);
    }
}
