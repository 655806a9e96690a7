// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice What a job's terms must be, and what is stored of them.
contract MarketplaceCreationTest is MarketplaceFixture {
    event JobCreated(
        uint256 indexed jobId,
        address indexed buyer,
        address indexed aggregator,
        uint256 deposit,
        bytes32 specDigest,
        bytes32 keyDigest
    );

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

    // ------------------------------------------------------------------------------------------------------ helpers

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
