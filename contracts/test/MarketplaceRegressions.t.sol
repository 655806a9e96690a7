// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";

/// @notice What the first platform's contract of 2019 allowed: an outsider who took every deposit, pay that was claimed again and
/// again, a job written over somebody else's, and settlements that reverted for ever and locked the money in.
contract MarketplaceRegressionsTest is MarketplaceFixture {
    uint256 private constant OUTSIDER_KEY = 0xBAD;
    uint256 private constant ACCOMPLICE_KEY = 0xBAD2;

    address private outsider;

    function setUp() public override {
        super.setUp();
        outsider = vm.addr(OUTSIDER_KEY);
        vm.deal(outsider, 1 ether);
    }

    // ------------------------------------------------------------------------------ an outsider drains all deposits

    function test_regression_an_outsider_that_calls_everything_takes_nothing() public {
        (uint256 posted, uint256 trained_) = (post(), trained());
        uint256 escrow = market.totalEscrowed();
        uint256[2] memory jobs = [posted, trained_];
        for (uint256 i = 0; i < jobs.length; ++i) {
            tryEverything(jobs[i]);
        }
        finalize(trained_);
        vm.prank(buyer);
        market.cancelJob(posted);
        for (uint256 i = 0; i < jobs.length; ++i) {
            tryEverything(jobs[i]);
        }
        assertEq(outsider.balance, 1 ether, "the outsider's money");
        assertOwed(outsider, 0);
        assertEq(market.totalOwed(), escrow, "owed to those whose it is");
        assertSolvent();
    }

    function test_regression_an_outsiders_own_job_pays_no_more_than_its_own_deposit() public {
        uint256 others = running(1, 1);
        IMarketplace.JobTerms memory terms = defaultTerms();
        terms.aggregator = outsider;
        address accomplice = vm.addr(ACCOMPLICE_KEY);
        vm.deal(accomplice, 1 ether);
        vm.prank(accomplice);
        uint256 jobId = market.createJob{value: 1 ether}(terms);
        bytes[] memory signatures = acceptances(jobId, 2);
        vm.prank(outsider);
        market.startJob(jobId, owners(0, 1), owners(1, 1), signatures, seedHash());
        record(jobId, plain(0, type(uint128).max, none()), outsider, ACCOMPLICE_KEY);
        record(jobId, last(1, 0, all(1, type(uint128).max)), outsider, ACCOMPLICE_KEY);
        vm.prank(outsider);
        market.finalize(jobId, SEED);
        assertEq(market.totalOwed(), 1 ether, "its own deposit");
        assertEq(market.escrowed(others), DEPOSIT, "the others' deposit");
        assertSolvent();
    }

    // ------------------------------------------------------------------------------------------------ repeated claims

    function test_regression_pay_is_withdrawn_once() public {
        post();
        finalize(trained());
        address[4] memory payees = [owner(0), owner(1), aggregator, buyer];
        uint256[4] memory pay = [uint256(3.5 ether), 2 ether, 1 ether, 3.5 ether];
        for (uint256 i = 0; i < payees.length; ++i) {
            uint256 before = payees[i].balance;
            vm.prank(payees[i]);
            market.withdraw();
            bytes memory refusal = abi.encodeWithSelector(IMarketplace.MarketplaceNothingOwed.selector, payees[i]);
            vm.expectRevert(refusal);
            vm.prank(payees[i]);
            market.withdraw();
            vm.expectRevert(refusal);
            vm.prank(payees[i]);
            market.withdrawTo(stranger);
            assertEq(payees[i].balance - before, pay[i], "pay");
        }
        assertEq(address(market).balance, DEPOSIT, "the other job's deposit");
    }

    function test_regression_a_finished_job_is_not_settled_again() public {
        uint256 jobId = trained();
        finalize(jobId);
        refuseSettlement(jobId, IMarketplace.JobState.Finished);
    }

    function test_regression_an_expired_job_is_not_settled_again() public {
        uint256 jobId = trained();
        vm.warp(FINALIZE_BY + 1);
        market.expireJob(jobId);
        refuseSettlement(jobId, IMarketplace.JobState.Expired);
    }

    function test_regression_a_cancelled_job_is_not_settled_again() public {
        uint256 jobId = post();
        vm.prank(buyer);
        market.cancelJob(jobId);
        refuseSettlement(jobId, IMarketplace.JobState.Cancelled);
    }

    function test_regression_a_checkpoint_replayed_does_not_count_twice() public {
        uint256 jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        IMarketplace.Checkpoint memory checkpoint = plain(1, 5 * WAD, all(1, 6 * WAD));
        record(jobId, checkpoint);
        bytes memory signature = signed(BUYER_KEY, market.hashCheckpoint(jobId, checkpoint));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, 1, 2));
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);

        // The buyer's signature is for index 1: under another index it is nobody's.
        checkpoint.index = 2;
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceBuyerSignatureInvalid.selector, jobId));
        vm.prank(aggregator);
        market.recordCheckpoint(jobId, checkpoint, signature);
        assertEq(market.contributions(jobId)[0], 1 * WAD, "contribution");
    }

    // ------------------------------------------------------------------------------------ overwriting somebody's job

    function test_regression_nobody_overwrites_a_job() public {
        uint256 jobId = running(1, 1);
        bytes32 stored = keccak256(abi.encode(market.getJob(jobId)));
        vm.prank(outsider);
        uint256 other = market.createJob{value: 1 ether}(defaultTerms());
        assertEq(other, jobId + 1, "a new id");
        bytes[] memory signatures = acceptances(jobId, 3);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, IMarketplace.JobState.Running)
        );
        vm.prank(aggregator);
        market.startJob(jobId, owners(0, 2), owners(2, 1), signatures, keccak256("another seed"));
        assertEq(keccak256(abi.encode(market.getJob(jobId))), stored, "the job");
        assertEq(market.getTrainers(jobId).length, 1, "its trainers");
        assertEq(market.escrowed(jobId), DEPOSIT, "its deposit");
    }

    // --------------------------------------------------------------------------- settlements that reverted for ever

    function test_regression_a_rising_mse_settles() public {
        assertPaid(5 * WAD, 9 * WAD, 10 * WAD, 0);
        assertPaid(5 * WAD, type(uint128).max, 0, 0);
    }

    function test_regression_an_unchanged_mse_settles() public {
        assertPaid(5 * WAD, 5 * WAD, 6 * WAD, 0);
    }

    function test_regression_equal_leave_one_out_mses_share_equally() public {
        assertPaid(10 * WAD, 5 * WAD, 5 * WAD, 1.75 ether);
        assertPaid(10 * WAD, 5 * WAD, 7 * WAD, 1.75 ether);
        assertPaid(10 * WAD, 5 * WAD, 2 * WAD, 1.75 ether);
    }

    function test_regression_an_initial_mse_of_0_settles() public {
        assertPaid(0, 0, 0, 0);
        assertPaid(0, 5 * WAD, 5 * WAD, 0);
        assertPaid(0, 0, 5 * WAD, 0);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    /// @dev One trainer (3.5 ether), one validator (2), the aggregator (1), the rest to the buyer.
    function trained() private returns (uint256 jobId) {
        jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, last(1, 5 * WAD, all(1, 6 * WAD)));
    }

    function record(uint256 jobId, IMarketplace.Checkpoint memory checkpoint, address by, uint256 signer) private {
        bytes memory signature = signed(signer, market.hashCheckpoint(jobId, checkpoint));
        vm.prank(by);
        market.recordCheckpoint(jobId, checkpoint, signature);
    }

    /// @dev Everything that could move a job or its money, in the outsider's favour wherever an argument allows it.
    function tryEverything(uint256 jobId) private {
        address[] memory itself = new address[](1);
        itself[0] = outsider;
        bytes[] memory signatures = new bytes[](2);
        signatures[0] = signed(OUTSIDER_KEY, market.hashAcceptance(jobId, outsider, EITHER));
        signatures[1] = signed(ownerKey(1), market.hashAcceptance(jobId, owner(1), EITHER));
        IMarketplace.Checkpoint memory checkpoint = last(9, 0, all(1, 10 * WAD));
        bytes memory signature = signed(OUTSIDER_KEY, market.hashCheckpoint(jobId, checkpoint));
        refuse(abi.encodeCall(market.startJob, (jobId, itself, owners(1, 1), signatures, seedHash())));
        refuse(abi.encodeCall(market.recordCheckpoint, (jobId, checkpoint, signature)));
        refuse(abi.encodeCall(market.finalize, (jobId, SEED)));
        refuse(abi.encodeCall(market.cancelJob, jobId));
        refuse(abi.encodeCall(market.expireJob, jobId));
        refuse(abi.encodeCall(market.withdraw, ()));
        refuse(abi.encodeCall(market.withdrawTo, outsider));
    }

    function refuse(bytes memory call_) private {
        vm.prank(outsider);
        (bool done,) = address(market).call(call_);
        assertTrue(!done, "refused");
    }

    function refuseSettlement(uint256 jobId, IMarketplace.JobState state) private {
        vm.warp(FINALIZE_BY + 1);
        uint256 credited = market.totalOwed();
        assertEq(credited, DEPOSIT, "credited once");
        bytes memory refusal = abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, state);
        vm.expectRevert(refusal);
        finalize(jobId);
        vm.expectRevert(refusal);
        market.expireJob(jobId);
        vm.expectRevert(refusal);
        vm.prank(buyer);
        market.cancelJob(jobId);
        assertEq(market.totalOwed(), credited, "and not again");
        assertEq(market.totalEscrowed(), 0, "nothing is left to credit");
    }

    /// @dev Two trainers with equal leave-one-out MSEs; what each of them gets when the job is finalized, and when it expires.
    function assertPaid(uint256 initial, uint256 final_, uint256 leaveOneOut, uint256 each) private {
        uint256[2] memory jobs = [running(2, 1), running(2, 1)];
        for (uint256 i = 0; i < jobs.length; ++i) {
            record(jobs[i], plain(0, initial, none()));
            record(jobs[i], last(1, final_, all(2, leaveOneOut)));
        }
        (uint256 first, uint256 second) = (market.owed(owner(0)), market.owed(owner(1)));
        finalize(jobs[0]);
        assertEq(market.owed(owner(0)) - first, each, "first trainer");
        assertEq(market.owed(owner(1)) - second, each, "second trainer");
        vm.warp(FINALIZE_BY + 1);
        market.expireJob(jobs[1]);
        assertEq(market.owed(owner(0)) - first, 2 * each, "first trainer, expired");
        assertEq(market.owed(owner(1)) - second, 2 * each, "second trainer, expired");
        assertEq(market.totalEscrowed(), 0, "settled");
        assertSolvent();
        vm.warp(START);
    }
}
