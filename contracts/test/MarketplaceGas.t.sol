// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {MarketplaceStages, Stage} from "./MarketplaceStages.sol";

/// @notice What every function costs as a transaction of its own, the 21,000 for being one included; snapshots/Marketplace.json
/// keeps the figures.
/// @dev Isolated, every call of a test is a transaction: nothing is warm, and refunds count.
/// forge-config: default.isolate = true
contract MarketplaceGasTest is MarketplaceStages {
    uint256 private constant BLOCK_GAS = 30_000_000;
    /// @dev What EIP-7825 allows a single transaction.
    uint256 private constant TRANSACTION_GAS = 16_777_216;
    uint256 private constant WITHDRAW_GAS = 60_000;
    uint256 private constant TRAINERS = 100;
    uint256 private constant VALIDATORS = 40;
    string private constant LARGEST = "100 trainers and 40 validators";

    function test_gas_until_a_job_is_paid() public {
        reach(Stage.Posted);
        measure("createJob");
        vm.prank(stranger);
        market.revokeAcceptance(JOB);
        measure("revokeAcceptance");
        start(JOB, 1, 1);
        measure("startJob, 1 trainer and 1 validator");
        record(JOB, plain(0, 10 * WAD, none()));
        measure("recordCheckpoint, the first");
        record(JOB, plain(1, 6 * WAD, all(1, 8 * WAD)));
        measure("recordCheckpoint, 1 trainer for the first time");
        record(JOB, plain(2, 6 * WAD, all(1, 8 * WAD)));
        measure("recordCheckpoint, 1 trainer");
        record(JOB, last(3, 5 * WAD, all(1, 6 * WAD)));
        measure("recordCheckpoint, 1 trainer, the last");
        finalize(JOB);
        measure("finalize, 1 trainer and 1 validator");
        vm.prank(owner(0));
        market.withdraw();
        assertTrue(measure("withdraw") < WITHDRAW_GAS, "withdraw");
        vm.prank(owner(1));
        market.withdrawTo(stranger);
        assertTrue(measure("withdrawTo, an account that exists") < WITHDRAW_GAS, "withdrawTo");
        vm.prank(buyer);
        market.withdrawTo(address(0x7777));
        measure("withdrawTo, an account that does not exist yet");
    }

    function test_gas_of_the_other_ways_out() public {
        uint256 begin = vm.snapshotState();
        reach(Stage.Cancelled);
        measure("cancelJob");
        vm.revertToState(begin);
        reach(Stage.Expired);
        measure("expireJob, 1 trainer and 1 validator");
    }

    /// @dev Nobody has been credited before, so that every credit writes a slot for the first time: the dearest case.
    function test_gas_of_the_largest_job() public {
        uint256 jobId = startLargest(EITHER);
        assertFits(measureLargest("startJob"));
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, plain(1, 6 * WAD, all(TRAINERS, 8 * WAD)));
        assertFits(measureLargest("recordCheckpoint, for the first time"));
        record(jobId, plain(2, 6 * WAD, all(TRAINERS, 8 * WAD)));
        assertFits(measureLargest("recordCheckpoint"));
        record(jobId, last(3, 5 * WAD, all(TRAINERS, 6 * WAD)));
        uint256 trained = vm.snapshotState();
        finalize(jobId);
        assertFits(measureLargest("finalize"));
        assertOwed(owner(TRAINERS - 1), 0.035 ether);
        assertOwed(owner(TRAINERS + VALIDATORS - 1), 0.05 ether);
        vm.revertToState(trained);
        vm.warp(FINALIZE_BY + 1);
        market.expireJob(jobId);
        assertFits(measureLargest("expireJob"));
        market.quote(jobId);
        measureLargest("quote");
    }

    /// @dev The contract tries an acceptance for both roles first: these need a second look.
    function test_gas_of_starting_the_largest_job_with_acceptances_for_one_role() public {
        startLargest(0);
        assertFits(measureLargest("startJob, acceptances for one role"));
    }

    function test_gas_of_views_of_a_job() public {
        reach(Stage.Trained);
        IMarketplace.Checkpoint memory checkpoint = plain(1, WAD, all(1, WAD));
        market.getJob(JOB);
        measure("getJob");
        market.getTrainers(JOB);
        measure("getTrainers");
        market.getValidators(JOB);
        measure("getValidators");
        market.participationOf(JOB, owner(0));
        measure("participationOf");
        market.contributions(JOB);
        measure("contributions");
        market.checkpointCount(JOB);
        measure("checkpointCount");
        market.quote(JOB);
        measure("quote, 1 trainer and 1 validator");
        market.escrowed(JOB);
        measure("escrowed");
        market.hashAcceptance(JOB, owner(0), EITHER);
        measure("hashAcceptance");
        market.hashCheckpoint(JOB, checkpoint);
        measure("hashCheckpoint, 1 trainer");
    }

    function test_gas_of_views_of_everything() public {
        market.jobCount();
        measure("jobCount");
        market.owed(buyer);
        measure("owed");
        market.totalEscrowed();
        measure("totalEscrowed");
        market.totalOwed();
        measure("totalOwed");
        market.eip712Domain();
        measure("eip712Domain");
        market.MAX_TRAINERS();
        measure("MAX_TRAINERS");
        market.MAX_VALIDATORS();
        measure("MAX_VALIDATORS");
        market.MAX_MSE();
        measure("MAX_MSE");
        market.MAX_DEPOSIT();
        measure("MAX_DEPOSIT");
        market.MAX_DURATION();
        measure("MAX_DURATION");
        market.FINALIZE_WINDOW();
        measure("FINALIZE_WINDOW");
    }

    function measure(string memory call_) private returns (uint256) {
        return vm.snapshotGasLastCall("Marketplace", call_);
    }

    function measureLargest(string memory call_) private returns (uint256) {
        return measure(string.concat(call_, ", ", LARGEST));
    }

    function assertFits(uint256 gasUsed) private pure {
        assertTrue(gasUsed < BLOCK_GAS, "a block's gas");
        assertTrue(gasUsed < TRANSACTION_GAS, "a transaction's gas");
    }

    /// @param roles what the acceptances allow; 0 stands for each owner's role alone
    function startLargest(uint8 roles) private returns (uint256 jobId) {
        jobId = post();
        bytes[] memory signatures = new bytes[](TRAINERS + VALIDATORS);
        for (uint256 i = 0; i < signatures.length; ++i) {
            uint8 given = i < TRAINERS ? 1 : 2;
            bytes32 digest = market.hashAcceptance(jobId, owner(i), roles == 0 ? given : roles);
            signatures[i] = signed(ownerKey(i), digest);
        }
        address[] memory trainers = owners(0, TRAINERS);
        address[] memory validators = owners(TRAINERS, VALIDATORS);
        vm.prank(aggregator);
        market.startJob(jobId, trainers, validators, signatures, seedHash());
    }
}
