// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {Caller, MarketplaceStages} from "./MarketplaceStages.sol";
import {Vm} from "./Vm.sol";

/// @notice Sees everything that the contract says about its jobs and money, so that a call's effect can be told to be this and
/// nothing else.
abstract contract MarketplaceObserver is MarketplaceStages {
    uint256 internal constant OBSERVED_JOBS = 3;
    address internal constant PAYEE = address(0x7777);

    struct Record {
        IMarketplace.Job job;
        uint256 escrowed;
        address[] trainers;
        address[] validators;
        uint256[] contributions;
        IMarketplace.Participation[CALLERS] participation;
    }

    struct World {
        uint256 jobCount;
        uint256 totalEscrowed;
        uint256 totalOwed;
        uint256 balance;
        uint256 payeeBalance;
        uint256[CALLERS] owed;
        uint256[CALLERS] balances;
        Record[OBSERVED_JOBS] jobs;
    }

    function observe() internal view returns (World memory world) {
        world.jobCount = market.jobCount();
        world.totalEscrowed = market.totalEscrowed();
        world.totalOwed = market.totalOwed();
        world.balance = address(market).balance;
        world.payeeBalance = PAYEE.balance;
        for (uint256 i = 0; i < CALLERS; ++i) {
            world.owed[i] = market.owed(account(Caller(i)));
            world.balances[i] = account(Caller(i)).balance;
        }
        for (uint256 i = 0; i < world.jobCount; ++i) {
            world.jobs[i] = observeJob(i + 1);
        }
    }

    function observeJob(uint256 jobId) private view returns (Record memory seen) {
        seen.job = market.getJob(jobId);
        seen.escrowed = market.escrowed(jobId);
        seen.trainers = market.getTrainers(jobId);
        seen.validators = market.getValidators(jobId);
        seen.contributions = market.contributions(jobId);
        for (uint256 i = 0; i < CALLERS; ++i) {
            seen.participation[i] = market.participationOf(jobId, account(Caller(i)));
        }
    }

    function assertSame(World memory actual, World memory expected, string memory cell) internal pure {
        assertEq(actual.jobCount, expected.jobCount, string.concat(cell, "number of jobs"));
        assertEq(actual.totalEscrowed, expected.totalEscrowed, string.concat(cell, "total escrowed"));
        assertEq(actual.totalOwed, expected.totalOwed, string.concat(cell, "total owed"));
        assertEq(actual.balance, expected.balance, string.concat(cell, "balance"));
        assertEq(actual.payeeBalance, expected.payeeBalance, string.concat(cell, "recipient's balance"));
        for (uint256 i = 0; i < CALLERS; ++i) {
            assertEq(actual.owed[i], expected.owed[i], string.concat(cell, "owed to ", name(Caller(i))));
            assertEq(actual.balances[i], expected.balances[i], string.concat(cell, "balance of ", name(Caller(i))));
        }
        for (uint256 i = 0; i < OBSERVED_JOBS; ++i) {
            bytes32 seen = keccak256(abi.encode(actual.jobs[i]));
            assertEq(seen, keccak256(abi.encode(expected.jobs[i])), string.concat(cell, "what is stored of a job"));
        }
    }

    /// @dev The record holds what this test emitted, the expected, and then just as many that the contract emitted.
    function assertEvents(Vm.Log[] memory logs, string memory cell) internal view {
        uint256 expected = logs.length / 2;
        assertEq(logs.length, 2 * expected, string.concat(cell, "number of events"));
        for (uint256 i = 0; i < expected; ++i) {
            (Vm.Log memory wanted, Vm.Log memory seen) = (logs[i], logs[expected + i]);
            assertEq(wanted.emitter, address(this), string.concat(cell, "more events than expected"));
            assertEq(seen.emitter, address(market), string.concat(cell, "fewer events than expected"));
            assertEq(
                keccak256(abi.encode(seen.topics, seen.data)),
                keccak256(abi.encode(wanted.topics, wanted.data)),
                string.concat(cell, "event")
            );
        }
    }
}
