// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {Call, MarketplaceEffects} from "./MarketplaceEffects.sol";
import {Caller, Stage} from "./MarketplaceStages.sol";

/// @notice Who may call what when: every state-changing function, by everybody, at every stage of a job. A row is a stage, a column
/// a caller, in the order of the enums:
///
///     B the job's buyer   b another job's buyer   T trainer   V validator   A the job's aggregator   a another job's   S stranger
///
/// and a cell is what happens:
///
///     +  allowed: exactly the state, credits and events that `MarketplaceEffects` writes down, and no other change
///     n  MarketplaceNoSuchJob                     s  MarketplaceWrongState, naming the state
///     a  MarketplaceNotAggregator                 b  MarketplaceNotBuyer
///     e  MarketplaceTooEarly, until finishBy      w  MarketplaceTooEarly, until FINALIZE_WINDOW after finishBy
///     l  MarketplaceTooLate
///     c  MarketplaceLastCheckpointMissing         d  MarketplaceCheckpointAfterLast
///     o  MarketplaceNothingOwed                   r  MarketplaceRecipientInvalid
///     g  MarketplaceAggregatorInvalid
///
/// where every refusal is compared byte for byte, arguments included. What is refused for its arguments, whoever calls, is in
/// MarketplaceConsent, MarketplaceCreation and MarketplaceCheckpoints.
contract MarketplaceMatrixTest is MarketplaceEffects {
    uint256 private constant EARLIER_PAY = 1 ether;
    uint256 private constant ROW_TITLE = 16;
    bytes1 private constant BLANK = 0x20;
    /// @dev Whether everybody is owed EARLIER_PAY when the call comes.
    bool private _earlierPay;

    function test_matrix_createJob() public {
        // The new job names the same aggregator, who alone cannot be its buyer.
        //                                   B b T V A a S
        check(Call.CreateJob, everywhere("+ + + + g + +"));
    }

    function test_matrix_revokeAcceptance() public {
        // Anybody may say in advance that it will not work for a job.
        check(
            Call.RevokeAcceptance,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          + + + + + + +",
                "PostedLate      + + + + + + +",
                "Running         s s s s s s s",
                "RunningLate     s s s s s s s",
                "Evaluated       s s s s s s s",
                "EvaluatedLate   s s s s s s s",
                "Trained         s s s s s s s",
                "TrainedOverdue  s s s s s s s",
                "TrainedLate     s s s s s s s",
                "Finished        s s s s s s s",
                "Expired         s s s s s s s",
                "Cancelled       s s s s s s s"
            ]
        );
    }

    function test_matrix_startJob() public {
        check(
            Call.StartJob,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          a a a a + a a",
                "PostedLate      a a a a l a a",
                "Running         a a a a s a a",
                "RunningLate     a a a a s a a",
                "Evaluated       a a a a s a a",
                "EvaluatedLate   a a a a s a a",
                "Trained         a a a a s a a",
                "TrainedOverdue  a a a a s a a",
                "TrainedLate     a a a a s a a",
                "Finished        a a a a s a a",
                "Expired         a a a a s a a",
                "Cancelled       a a a a s a a"
            ]
        );
    }

    function test_matrix_recordCheckpoint() public {
        check(
            Call.RecordCheckpoint,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          a a a a s a a",
                "PostedLate      a a a a s a a",
                "Running         a a a a + a a",
                "RunningLate     a a a a l a a",
                "Evaluated       a a a a + a a",
                "EvaluatedLate   a a a a l a a",
                "Trained         a a a a d a a",
                "TrainedOverdue  a a a a l a a",
                "TrainedLate     a a a a l a a",
                "Finished        a a a a s a a",
                "Expired         a a a a s a a",
                "Cancelled       a a a a s a a"
            ]
        );
    }

    function test_matrix_recordCheckpoint_marked_last() public {
        check(
            Call.RecordLastCheckpoint,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          a a a a s a a",
                "PostedLate      a a a a s a a",
                "Running         a a a a + a a",
                "RunningLate     a a a a l a a",
                "Evaluated       a a a a + a a",
                "EvaluatedLate   a a a a l a a",
                "Trained         a a a a d a a",
                "TrainedOverdue  a a a a l a a",
                "TrainedLate     a a a a l a a",
                "Finished        a a a a s a a",
                "Expired         a a a a s a a",
                "Cancelled       a a a a s a a"
            ]
        );
    }

    function test_matrix_finalize() public {
        check(
            Call.Finalize,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          a a a a s a a",
                "PostedLate      a a a a s a a",
                "Running         a a a a c a a",
                "RunningLate     a a a a c a a",
                "Evaluated       a a a a c a a",
                "EvaluatedLate   a a a a c a a",
                "Trained         a a a a + a a",
                "TrainedOverdue  a a a a + a a",
                "TrainedLate     a a a a + a a",
                "Finished        a a a a s a a",
                "Expired         a a a a s a a",
                "Cancelled       a a a a s a a"
            ]
        );
    }

    function test_matrix_cancelJob() public {
        check(
            Call.CancelJob,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          + b b b b b b",
                "PostedLate      + + + + + + +",
                "Running         s s s s s s s",
                "RunningLate     s s s s s s s",
                "Evaluated       s s s s s s s",
                "EvaluatedLate   s s s s s s s",
                "Trained         s s s s s s s",
                "TrainedOverdue  s s s s s s s",
                "TrainedLate     s s s s s s s",
                "Finished        s s s s s s s",
                "Expired         s s s s s s s",
                "Cancelled       s s s s s s s"
            ]
        );
    }

    function test_matrix_expireJob() public {
        check(
            Call.ExpireJob,
            [
                //               B b T V A a S
                "None            n n n n n n n",
                "Posted          s s s s s s s",
                "PostedLate      s s s s s s s",
                "Running         e e e e e e e",
                "RunningLate     + + + + + + +",
                "Evaluated       e e e e e e e",
                "EvaluatedLate   + + + + + + +",
                "Trained         w w w w w w w",
                "TrainedOverdue  w w w w w w w",
                "TrainedLate     + + + + + + +",
                "Finished        s s s s s s s",
                "Expired         s s s s s s s",
                "Cancelled       s s s s s s s"
            ]
        );
    }

    function test_matrix_withdraw() public {
        // Only who was credited by this job has anything to take.
        check(
            Call.Withdraw,
            [
                //               B b T V A a S
                "None            o o o o o o o",
                "Posted          o o o o o o o",
                "PostedLate      o o o o o o o",
                "Running         o o o o o o o",
                "RunningLate     o o o o o o o",
                "Evaluated       o o o o o o o",
                "EvaluatedLate   o o o o o o o",
                "Trained         o o o o o o o",
                "TrainedOverdue  o o o o o o o",
                "TrainedLate     o o o o o o o",
                "Finished        + o + + + o o",
                "Expired         + o + + o o o",
                "Cancelled       + o o o o o o"
            ]
        );
    }

    function test_matrix_withdraw_of_earlier_pay() public {
        // Everybody has pay of earlier jobs; no stage of this one keeps it back.
        _earlierPay = true;
        //                                   B b T V A a S
        check(Call.Withdraw, everywhere("+ + + + + + +"));
    }

    function test_matrix_withdrawTo() public {
        check(
            Call.WithdrawTo,
            [
                //               B b T V A a S
                "None            o o o o o o o",
                "Posted          o o o o o o o",
                "PostedLate      o o o o o o o",
                "Running         o o o o o o o",
                "RunningLate     o o o o o o o",
                "Evaluated       o o o o o o o",
                "EvaluatedLate   o o o o o o o",
                "Trained         o o o o o o o",
                "TrainedOverdue  o o o o o o o",
                "TrainedLate     o o o o o o o",
                "Finished        + o + + + o o",
                "Expired         + o + + o o o",
                "Cancelled       + o o o o o o"
            ]
        );
    }

    function test_matrix_withdrawTo_of_earlier_pay() public {
        _earlierPay = true;
        //                                   B b T V A a S
        check(Call.WithdrawTo, everywhere("+ + + + + + +"));
    }

    function test_matrix_withdrawTo_nobody() public {
        //                                   B b T V A a S
        check(Call.WithdrawToNobody, everywhere("r r r r r r r"));
    }

    // -------------------------------------------------------------------------------------------------------- cells

    /// @dev The grid of a call that no stage makes a difference to.
    function everywhere(string memory row) private pure returns (string[STAGES] memory grid) {
        for (uint256 i = 0; i < STAGES; ++i) {
            grid[i] = string.concat(title(Stage(i)), row);
        }
    }

    /// @dev The stage's name, filled up to where the cells begin.
    function title(Stage stage) private pure returns (string memory) {
        bytes memory filled = new bytes(ROW_TITLE);
        for (uint256 i = 0; i < ROW_TITLE; ++i) {
            filled[i] = i < bytes(name(stage)).length ? bytes(name(stage))[i] : BLANK;
        }
        return string(filled);
    }

    function check(Call what, string[STAGES] memory grid) private {
        uint256 begin = vm.snapshotState();
        for (uint256 i = 0; i < STAGES; ++i) {
            reach(Stage(i));
            uint256 reached = vm.snapshotState();
            for (uint256 j = 0; j < CALLERS; ++j) {
                checkCell(what, Stage(i), Caller(j), symbol(grid[i], Stage(i), j));
                vm.revertToState(reached);
            }
            vm.revertToState(begin);
        }
    }

    function checkCell(Call what, Stage stage, Caller caller, bytes1 symbol_) private {
        string memory cell = string.concat(name(caller), " at ", name(stage), ": ");
        if (_earlierPay) payEarlier(account(caller));
        bytes memory call_ = encode(what, stage);
        uint256 value = what == Call.CreateJob ? DEPOSIT : 0;
        if (symbol_ != "+") {
            vm.prank(account(caller));
            (bool done, bytes memory reason) = address(market).call{value: value}(call_);
            assertTrue(!done, string.concat(cell, "allowed"));
            bytes memory refusal = refusalOf(symbol_, what, stage, caller);
            assertEq(keccak256(reason), keccak256(refusal), string.concat(cell, "reason"));
            return;
        }
        World memory expected = observe();
        assertEq(expected.owed[uint256(caller)], owedBefore(stage, caller), string.concat(cell, "owed before"));
        vm.recordLogs();
        expectEffect(what, stage, caller, expected);
        vm.prank(account(caller));
        (bool allowed,) = address(market).call{value: value}(call_);
        assertTrue(allowed, string.concat(cell, "refused"));
        assertEvents(vm.getRecordedLogs(), cell);
        assertSame(observe(), expected, cell);
        assertSolvent();
    }

    function owedBefore(Stage stage, Caller caller) private view returns (uint256) {
        return earned(stage, caller) + (_earlierPay ? EARLIER_PAY : 0);
    }

    function payEarlier(address payee) private {
        IMarketplace.JobTerms memory terms = newTerms();
        terms.aggregator = address(0xA66);
        vm.prank(payee);
        uint256 jobId = market.createJob{value: EARLIER_PAY}(terms);
        vm.prank(payee);
        market.cancelJob(jobId);
    }

    /// @dev The cell of a column; the row must be the stage's.
    function symbol(string memory row, Stage stage, uint256 column) private pure returns (bytes1) {
        bytes memory text = bytes(row);
        assertEq(text.length, ROW_TITLE + 2 * CALLERS - 1, string.concat(row, " is not as long as a row"));
        bytes memory rowTitle = bytes(title(stage));
        for (uint256 i = 0; i < ROW_TITLE; ++i) {
            assertTrue(text[i] == rowTitle[i], string.concat(row, " is not the row of ", name(stage)));
        }
        return text[ROW_TITLE + 2 * column];
    }

    function refusalOf(bytes1 symbol_, Call what, Stage stage, Caller caller) private view returns (bytes memory) {
        address who = account(caller);
        if (symbol_ == "n") return abi.encodeWithSelector(IMarketplace.MarketplaceNoSuchJob.selector, JOB);
        if (symbol_ == "s") {
            return abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, JOB, stateAt(stage));
        }
        if (symbol_ == "a") return abi.encodeWithSelector(IMarketplace.MarketplaceNotAggregator.selector, JOB, who);
        if (symbol_ == "b") return abi.encodeWithSelector(IMarketplace.MarketplaceNotBuyer.selector, JOB, who);
        if (symbol_ == "e") return abi.encodeWithSelector(IMarketplace.MarketplaceTooEarly.selector, JOB, FINISH_BY);
        if (symbol_ == "w") return abi.encodeWithSelector(IMarketplace.MarketplaceTooEarly.selector, JOB, FINALIZE_BY);
        if (symbol_ == "l") {
            uint64 deadline = what == Call.StartJob ? START_BY : FINISH_BY;
            return abi.encodeWithSelector(IMarketplace.MarketplaceTooLate.selector, JOB, deadline);
        }
        if (symbol_ == "c") return abi.encodeWithSelector(IMarketplace.MarketplaceLastCheckpointMissing.selector, JOB);
        if (symbol_ == "d") {
            return
                abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointAfterLast.selector, JOB, checkpointsAt(stage));
        }
        if (symbol_ == "o") return abi.encodeWithSelector(IMarketplace.MarketplaceNothingOwed.selector, who);
        if (symbol_ == "r") {
            return abi.encodeWithSelector(IMarketplace.MarketplaceRecipientInvalid.selector, address(0));
        }
        if (symbol_ == "g") return abi.encodeWithSelector(IMarketplace.MarketplaceAggregatorInvalid.selector, who);
        revert("a symbol without a meaning");
    }
}
