// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Vm} from "../Vm.sol";
import {MarketModel} from "./MarketModel.sol";
import {PayoutModel} from "./PayoutModel.sol";

/// @notice Calls the marketplace, compares what it does with the model, and keeps the books of the campaign.
abstract contract Ledger is MarketModel {
    /// @notice What happened in one run; `deltaml`'s campaign adds the runs up.
    struct Tally {
        uint256 calls;
        uint256 posted;
        uint256 started;
        uint256 checkpoints;
        uint256 finished;
        uint256 expired;
        uint256 cancelled;
        uint256 withdrawals;
        uint256 reentries;
        uint256 refusals;
        uint256 rescues;
    }

    /// @dev Expectations that are not one exact error: refused in whatever words (out of gas, say), or without any.
    bytes internal constant REFUSED_ANYHOW = hex"00";
    bytes internal constant REFUSED_WITHOUT_WORDS = hex"01";
    bytes32 private constant CREDITED = keccak256("Credited(uint256,address,uint8,uint256)");
    /// @dev Enough for everything here, and what a payee that burns its gas leaves over is enough to go on.
    uint256 private constant CALL_GAS = 5_000_000;

    Tally public tally;

    error UnexpectedRefusal(bytes refusal);
    error UnexpectedlyAllowed(bytes expected);
    error OtherRefusal(bytes actual, bytes expected);
    error OtherJob(uint256 jobId, string what);

    // -------------------------------------------------------------------------------------------------------- calls

    /// @dev Calls and asserts that it is refused as expected, or goes through where `refusal` is empty.
    function _call(address caller, uint256 value, bytes memory data, bytes memory refusal)
        internal
        returns (bool done)
    {
        bytes memory answer;
        if (refusal.length == 0) vm.recordLogs();
        vm.prank(caller);
        (done, answer) = address(MARKET).call{value: value, gas: CALL_GAS}(data);
        if (!done) ++tally.refusals;
        _compare(done, answer, refusal);
    }

    function _compare(bool done, bytes memory answer, bytes memory refusal) internal pure {
        if (refusal.length == 0) {
            if (!done) revert UnexpectedRefusal(answer);
            return;
        }
        if (done) revert UnexpectedlyAllowed(refusal);
        if (refusal.length == 1) {
            if (refusal[0] == REFUSED_WITHOUT_WORDS[0] && answer.length > 0) revert OtherRefusal(answer, refusal);
            return;
        }
        if (keccak256(answer) != keccak256(refusal)) revert OtherRefusal(answer, refusal);
    }

    // ------------------------------------------------------------------------------------------------------ effects

    function _hasCancelled(uint256 jobId) internal {
        Ghost storage ghost = _ghosts[jobId];
        ++tally.cancelled;
        _move(jobId, IMarketplace.JobState.Posted, IMarketplace.JobState.Cancelled);
        _escrowed -= ghost.job.deposit;
        PayoutModel.Split memory all;
        (all.trainers, all.refund) = (new uint256[](0), ghost.job.deposit);
        _hasCredited(jobId, all);
    }

    function _hasSettled(uint256 jobId, bool delivered) internal {
        Ghost storage ghost = _ghosts[jobId];
        if (delivered) ++tally.finished;
        else ++tally.expired;
        PayoutModel.Split memory expected = _split(jobId, delivered);
        _move(
            jobId,
            IMarketplace.JobState.Running,
            delivered ? IMarketplace.JobState.Finished : IMarketplace.JobState.Expired
        );
        _escrowed -= ghost.job.deposit;
        _hasCredited(jobId, expected);
        _checkQuote(jobId, expected);
    }

    /// @dev The drawn arrows are the only ones, and a job that has ended is out of the list of open ones.
    function _move(uint256 jobId, IMarketplace.JobState from, IMarketplace.JobState to) internal {
        assertEq(uint256(_ghosts[jobId].job.state), uint256(from), "the arrow's tail");
        _ghosts[jobId].job.state = to;
        if (to == IMarketplace.JobState.Posted) _open.push(jobId);
        if (uint256(to) < uint256(IMarketplace.JobState.Finished)) return;
        uint256 i;
        while (_open[i] != jobId) ++i;
        _open[i] = _open[_open.length - 1];
        _open.pop();
    }

    /// @dev Compares the events with the expected split: everybody exactly once, in the contract's order.
    function _hasCredited(uint256 jobId, PayoutModel.Split memory expected) private {
        Ghost storage ghost = _ghosts[jobId];
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 next;
        for (uint256 i = 0; i < expected.trainers.length; ++i) {
            next = _creditOne(logs, next, jobId, ghost.trainers[i], IMarketplace.Role.Trainer, expected.trainers[i]);
        }
        for (uint256 i = 0; expected.validatorEach > 0 && i < ghost.validators.length; ++i) {
            next =
                _creditOne(logs, next, jobId, ghost.validators[i], IMarketplace.Role.Validator, expected.validatorEach);
        }
        next = _creditOne(
            logs, next, jobId, ghost.job.terms.aggregator, IMarketplace.Role.Aggregator, expected.aggregator
        );
        next = _creditOne(logs, next, jobId, ghost.job.buyer, IMarketplace.Role.Buyer, expected.refund);
        assertEq(_nextCredit(logs, next), logs.length, "credits beyond the expected ones");
        assertEq(ghost.credited, ghost.job.deposit, "credited of the deposit");
    }

    function _creditOne(
        Vm.Log[] memory logs,
        uint256 next,
        uint256 jobId,
        address payee,
        IMarketplace.Role role,
        uint256 amount
    ) private returns (uint256) {
        if (amount == 0) return next;
        next = _nextCredit(logs, next);
        if (next == logs.length) revert OtherJob(jobId, "a credit is missing");
        assertEq(uint256(logs[next].topics[1]), jobId, "credited job");
        assertEq(address(uint160(uint256(logs[next].topics[2]))), payee, "credited payee");
        assertEq(uint256(logs[next].topics[3]), uint256(role), "credited role");
        assertEq(abi.decode(logs[next].data, (uint256)), amount, "credited amount");
        assertTrue(!_wasCredited[jobId][payee][role], "credited before");
        _wasCredited[jobId][payee][role] = true;
        _ghosts[jobId].credited += amount;
        _owed[payee] += amount;
        return next + 1;
    }

    function _nextCredit(Vm.Log[] memory logs, uint256 from) private view returns (uint256 next) {
        next = from;
        while (next < logs.length && (logs[next].emitter != address(MARKET) || logs[next].topics[0] != CREDITED)) {
            ++next;
        }
    }

    // ------------------------------------------------------------------------------------------------------- checks

    /// @dev Who gets what if the job ended now.
    function _split(uint256 jobId, bool delivered) internal view returns (PayoutModel.Split memory) {
        Ghost storage ghost = _ghosts[jobId];
        IMarketplace.Job storage job = ghost.job;
        bool evaluated = job.checkpointCount > 0;
        return PayoutModel.split(
            PayoutModel.Facts({
                deposit: job.deposit,
                firstMse: job.initialMse,
                improved: job.latestMse < job.initialMse ? job.initialMse - job.latestMse : 0,
                trainerBps: job.terms.trainerBps,
                validatorBps: evaluated ? job.terms.validatorBps : 0,
                aggregatorBps: evaluated && delivered ? job.terms.aggregatorBps : 0
            }),
            ghost.contributions,
            ghost.validators.length
        );
    }

    function _checkQuote(uint256 jobId, PayoutModel.Split memory expected) internal view {
        (uint256[] memory trainers, uint256 validatorEach, uint256 aggregator, uint256 refund) = MARKET.quote(jobId);
        bytes memory quoted = abi.encode(trainers, validatorEach, aggregator, refund);
        bytes memory wanted =
            abi.encode(expected.trainers, expected.validatorEach, expected.aggregator, expected.refund);
        if (keccak256(quoted) != keccak256(wanted)) revert OtherJob(jobId, "quote");
    }

    /// @dev Everything that the contract says about a job, its terms included.
    function _checkJob(uint256 jobId) internal view {
        Ghost storage ghost = _ghosts[jobId];
        if (keccak256(abi.encode(MARKET.getJob(jobId))) != keccak256(abi.encode(ghost.job))) {
            revert OtherJob(jobId, "job");
        }
        bool open = ghost.job.state == IMarketplace.JobState.Posted || ghost.job.state == IMarketplace.JobState.Running;
        uint256 escrowed = MARKET.escrowed(jobId);
        assertEq(escrowed, open ? ghost.job.deposit : 0, "escrowed");
        assertEq(escrowed + ghost.credited, ghost.job.deposit, "deposit = credited + escrowed");
    }

    function _checkParticipants(uint256 jobId) internal view {
        Ghost storage ghost = _ghosts[jobId];
        bytes memory actual =
            abi.encode(MARKET.getTrainers(jobId), MARKET.getValidators(jobId), MARKET.contributions(jobId));
        if (keccak256(actual) != keccak256(abi.encode(ghost.trainers, ghost.validators, ghost.contributions))) {
            revert OtherJob(jobId, "participants");
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            bool same = MARKET.participationOf(jobId, _actors[i]) == _roles[jobId][_actors[i]];
            if (!same) revert OtherJob(jobId, "participation");
        }
    }

    /// @notice Nobody is owed anything but what the model says, and the sums agree in every way they can be made.
    function checkMoney() public view {
        uint256 sum;
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 owed = MARKET.owed(_actors[i]);
            assertEq(owed, _owed[_actors[i]], "owed");
            sum += owed;
        }
        assertEq(MARKET.totalOwed(), sum, "total owed");
        assertEq(MARKET.totalEscrowed(), _escrowed, "total escrowed");
        assertEq(_deposited, sum + _withdrawn + _escrowed, "deposited = owed + withdrawn + escrowed");
        assertEq(address(MARKET).balance, sum + _escrowed + _forced, "balance");
        assertEq(MARKET.jobCount(), _jobs, "job count");
    }

    function _checkAllJobs() internal view {
        for (uint256 jobId = 1; jobId <= _jobs; ++jobId) {
            _checkJob(jobId);
            _checkParticipants(jobId);
        }
    }
}
