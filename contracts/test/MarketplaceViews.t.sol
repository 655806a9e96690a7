// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {Caller, MarketplaceStages, Stage} from "./MarketplaceStages.sol";

/// @notice What every view answers at every stage of a job; `MarketplaceStages` says what happened before.
contract MarketplaceViewsTest is MarketplaceStages {
    /// @dev What the views of one job answer; `trainer` to `refund` are the quote.
    struct Answers {
        uint256 escrowed;
        uint256 participants;
        uint256 checkpoints;
        uint256 contribution;
        uint256 trainer;
        uint256 validator;
        uint256 aggregator;
        uint256 refund;
    }

    Caller private _asked;
    bytes32 private _digest;

    function answersAt(Stage stage) private pure returns (Answers memory) {
        //                         escrowed, participants, checkpoints, contribution; trainer, validator, aggregator, refund
        if (stage <= Stage.PostedLate) return Answers(DEPOSIT, 0, 0, 0, 0, 0, 0, DEPOSIT);
        if (stage <= Stage.RunningLate) return Answers(DEPOSIT, 1, 0, 0, 0, 0, 0, DEPOSIT);
        if (stage <= Stage.EvaluatedLate) {
            return Answers(DEPOSIT, 1, 2, 2 * WAD, 2.8 ether, 2 ether, 1 ether, 4.2 ether);
        }
        if (stage <= Stage.TrainedLate) {
            return Answers(DEPOSIT, 1, 3, 3 * WAD, 3.5 ether, 2 ether, 1 ether, 3.5 ether);
        }
        if (stage == Stage.Finished) return Answers(0, 1, 3, 3 * WAD, 3.5 ether, 2 ether, 1 ether, 3.5 ether);
        if (stage == Stage.Expired) return Answers(0, 1, 3, 3 * WAD, 3.5 ether, 2 ether, 0, 4.5 ether);
        return Answers(0, 0, 0, 0, 0, 0, 0, DEPOSIT);
    }

    // ------------------------------------------------------------------------------------------------ views of a job

    function test_view_getJob() public {
        eachStage(abi.encodeCall(market.getJob, JOB), checkJob);
    }

    function test_view_getTrainers() public {
        eachStage(abi.encodeCall(market.getTrainers, JOB), checkTrainers);
    }

    function test_view_getValidators() public {
        eachStage(abi.encodeCall(market.getValidators, JOB), checkValidators);
    }

    function test_view_participationOf() public {
        for (uint256 i = 0; i < CALLERS; ++i) {
            _asked = Caller(i);
            eachStage(abi.encodeCall(market.participationOf, (JOB, account(_asked))), checkParticipation);
        }
    }

    function test_view_contributions() public {
        eachStage(abi.encodeCall(market.contributions, JOB), checkContributions);
    }

    function test_view_checkpointCount() public {
        eachStage(abi.encodeCall(market.checkpointCount, JOB), checkCheckpointCount);
    }

    function test_view_quote() public {
        eachStage(abi.encodeCall(market.quote, JOB), checkQuote);
    }

    function test_view_escrowed() public {
        eachStage(abi.encodeCall(market.escrowed, JOB), checkEscrowed);
    }

    function test_view_hashAcceptance() public {
        uint256 begin = vm.snapshotState();
        reach(Stage.Posted);
        bytes32 digest = market.hashAcceptance(JOB, owner(0), EITHER);
        vm.revertToState(begin);
        _digest = digest;
        eachStage(abi.encodeCall(market.hashAcceptance, (JOB, owner(0), EITHER)), checkAcceptanceDigest);
    }

    /// @dev The terms never change, and so what an owner has to sign does not.
    function checkAcceptanceDigest(bytes memory answer, Stage) private view {
        assertEq(abi.decode(answer, (bytes32)), _digest, "digest");
    }

    function checkJob(bytes memory answer, Stage stage) private view {
        IMarketplace.Job memory job = abi.decode(answer, (IMarketplace.Job));
        Answers memory expected = answersAt(stage);
        assertEq(uint256(job.state), uint256(stateAt(stage)), "state");
        assertEq(job.checkpointCount, expected.checkpoints, "checkpoints");
        assertEq(job.initialMse, expected.checkpoints == 0 ? 0 : 10 * WAD, "initial MSE");
        uint256 latestMse = expected.checkpoints == 3 ? 5 * WAD : 6 * WAD;
        assertEq(job.latestMse, expected.checkpoints == 0 ? 0 : latestMse, "latest MSE");
        assertTrue(job.lastRecorded == (expected.checkpoints == 3), "last recorded");
        assertEq(job.deliveryDigest, expected.checkpoints == 3 ? DELIVERY : bytes32(0), "delivery digest");
        assertEq(job.seedHash, expected.participants == 1 ? seedHash() : bytes32(0), "seed hash");
        assertEq(job.buyer, buyer, "buyer");
        assertEq(job.deposit, DEPOSIT, "deposit");
        assertEq(keccak256(abi.encode(job.terms)), keccak256(abi.encode(defaultTerms())), "terms");
    }

    function checkTrainers(bytes memory answer, Stage stage) private pure {
        assertList(abi.decode(answer, (address[])), owner(0), stage);
    }

    function checkValidators(bytes memory answer, Stage stage) private pure {
        assertList(abi.decode(answer, (address[])), owner(1), stage);
    }

    function checkParticipation(bytes memory answer, Stage stage) private view {
        IMarketplace.Participation expected = IMarketplace.Participation.None;
        if (startedAt(stage) && _asked == Caller.Trainer) expected = IMarketplace.Participation.Trainer;
        if (startedAt(stage) && _asked == Caller.Validator) expected = IMarketplace.Participation.Validator;
        assertEq(abi.decode(answer, (uint256)), uint256(expected), name(_asked));
    }

    function checkContributions(bytes memory answer, Stage stage) private pure {
        uint256[] memory sums = abi.decode(answer, (uint256[]));
        Answers memory expected = answersAt(stage);
        assertEq(sums.length, expected.participants, "number of contributions");
        if (sums.length == 1) assertEq(sums[0], expected.contribution, "contribution");
    }

    function checkCheckpointCount(bytes memory answer, Stage stage) private pure {
        assertEq(abi.decode(answer, (uint256)), answersAt(stage).checkpoints, "checkpoints");
    }

    function checkQuote(bytes memory answer, Stage stage) private pure {
        (uint256[] memory perTrainer, uint256 validator, uint256 forAggregator, uint256 refund) =
            abi.decode(answer, (uint256[], uint256, uint256, uint256));
        Answers memory expected = answersAt(stage);
        assertEq(perTrainer.length, expected.participants, "number of trainers");
        if (perTrainer.length == 1) assertEq(perTrainer[0], expected.trainer, "trainer");
        assertEq(validator, expected.validator, "validator");
        assertEq(forAggregator, expected.aggregator, "aggregator");
        assertEq(refund, expected.refund, "refund");
    }

    function checkEscrowed(bytes memory answer, Stage stage) private pure {
        assertEq(abi.decode(answer, (uint256)), answersAt(stage).escrowed, "escrowed");
    }

    // ------------------------------------------------------------------------------------------- views of everything

    function test_view_jobCount() public {
        for (uint256 i = 0; i < STAGES; ++i) {
            assertGlobal(Stage(i), abi.encodeCall(market.jobCount, ()), Stage(i) == Stage.None ? OTHER_JOB : JOB);
        }
    }

    function test_view_totalEscrowed() public {
        for (uint256 i = 0; i < STAGES; ++i) {
            uint256 held = Stage(i) == Stage.None ? 0 : answersAt(Stage(i)).escrowed;
            assertGlobal(Stage(i), abi.encodeCall(market.totalEscrowed, ()), OTHER_DEPOSIT + held);
        }
    }

    function test_view_totalOwed() public {
        for (uint256 i = 0; i < STAGES; ++i) {
            uint256 credited = Stage(i) >= Stage.Finished ? DEPOSIT : 0;
            assertGlobal(Stage(i), abi.encodeCall(market.totalOwed, ()), credited);
        }
    }

    function test_view_owed() public {
        for (uint256 i = 0; i < STAGES; ++i) {
            Answers memory paid = answersAt(Stage(i));
            if (Stage(i) < Stage.Finished) delete paid;
            uint256[CALLERS] memory expected =
                [paid.refund, 0, paid.trainer, paid.validator, paid.aggregator, 0, uint256(0)];
            for (uint256 j = 0; j < CALLERS; ++j) {
                assertGlobal(Stage(i), abi.encodeCall(market.owed, (account(Caller(j)))), expected[j]);
            }
        }
    }

    /// @dev It takes everything from its arguments, so it has an answer before there is a job.
    function test_view_hashCheckpoint() public {
        IMarketplace.Checkpoint memory checkpoint = plain(1, WAD, all(1, WAD));
        uint256 digest = uint256(market.hashCheckpoint(JOB, checkpoint));
        for (uint256 i = 0; i < STAGES; ++i) {
            assertGlobal(Stage(i), abi.encodeCall(market.hashCheckpoint, (JOB, checkpoint)), digest);
        }
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function eachStage(bytes memory call_, function(bytes memory, Stage) internal check) private {
        uint256 begin = vm.snapshotState();
        for (uint256 i = 0; i < STAGES; ++i) {
            reach(Stage(i));
            (bool answered, bytes memory answer) = address(market).staticcall(call_);
            if (Stage(i) == Stage.None) {
                assertTrue(!answered, "no such job");
                bytes memory refusal = abi.encodeWithSelector(IMarketplace.MarketplaceNoSuchJob.selector, JOB);
                assertEq(keccak256(answer), keccak256(refusal), "no such job");
            } else {
                assertTrue(answered, name(Stage(i)));
                check(answer, Stage(i));
            }
            vm.revertToState(begin);
        }
    }

    function assertGlobal(Stage stage, bytes memory call_, uint256 expected) private {
        uint256 begin = vm.snapshotState();
        reach(stage);
        (bool answered, bytes memory answer) = address(market).staticcall(call_);
        assertTrue(answered, name(stage));
        assertEq(abi.decode(answer, (uint256)), expected, name(stage));
        vm.revertToState(begin);
    }

    function assertList(address[] memory list, address expected, Stage stage) private pure {
        assertEq(list.length, answersAt(stage).participants, "number of participants");
        if (list.length == 1) assertEq(list[0], expected, "participant");
    }
}
