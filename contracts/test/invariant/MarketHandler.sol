// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Paying} from "./Paying.sol";
import {Actors} from "./Actors.sol";

/// @notice What forge calls, in random order and with random numbers. It reverts when the marketplace does anything else
/// than the model says.
contract MarketHandler is Paying {
    uint256 private _now = 1_700_000_000;

    constructor(IMarketplace market) Actors(market) {
        vm.warp(_now);
    }

    modifier step(uint256 entropy) {
        _decideBy(entropy);
        vm.warp(_now);
        ++tally.calls;
        _;
    }

    // ------------------------------------------------------------------------------------------------------- actions

    function createJob(uint256 entropy) external step(entropy) {
        _create();
        _rescueSomebody(_jobs);
    }

    function revokeAcceptance(uint256 entropy) external step(entropy) {
        uint256 jobId = _someJob(IMarketplace.JobState.Posted);
        _revoke(_anybody(), jobId);
        _rescueSomebody(jobId);
    }

    function startJob(uint256 entropy) external step(entropy) {
        uint256 jobId = _someJob(IMarketplace.JobState.Posted);
        _start(jobId);
        _rescueSomebody(jobId);
    }

    function recordCheckpoint(uint256 entropy) external step(entropy) {
        uint256 jobId = _someJob(IMarketplace.JobState.Running);
        for (uint256 left = 1 + _pick(3); left > 0; --left) {
            _record(jobId);
        }
        _rescueSomebody(jobId);
    }

    function finalize(uint256 entropy) external step(entropy) {
        uint256 jobId = _deliverable();
        _finalize(jobId);
        _rescueSomebody(jobId);
    }

    function cancelJob(uint256 entropy) external step(entropy) {
        uint256 jobId = _someJob(IMarketplace.JobState.Posted);
        _cancel(_pick(8) == 0 ? _ghosts[jobId].job.buyer : _anybody(), jobId);
        _rescueSomebody(jobId);
    }

    function expireJob(uint256 entropy) external step(entropy) {
        uint256 jobId = _someJob(IMarketplace.JobState.Running);
        _expire(_anybody(), jobId);
        _rescueSomebody(jobId);
    }

    function withdraw(uint256 entropy) external step(entropy) {
        _withdraw(_somebodyOwed(), true);
    }

    function withdrawTo(uint256 entropy) external step(entropy) {
        _withdraw(_somebodyOwed(), false);
    }

    function passTime(uint256 entropy) external step(entropy) {
        if (_pick(4) == 0) _waitForDeadline();
        else _now += _pick(60) == 0 ? _pick(400 days) : _pick(1 hours);
        vm.warp(_now);
        _rescueSomebody(_pick(_jobs + 1));
    }

    function meddle(uint256 entropy) external step(entropy) {
        if (_pick(4) == 0) _forceEther();
        else _callNonsense();
    }

    // ------------------------------------------------------------------------------------------------------- choices

    /// @dev Mostly an open job in that state; sometimes any number near those that exist.
    function _someJob(IMarketplace.JobState state) private returns (uint256 jobId) {
        if (_open.length == 0 || _pick(10) == 0) return _pick(_jobs + 2);
        uint256 start = _pick(_open.length);
        for (uint256 i = 0; i < _open.length; ++i) {
            jobId = _open[(start + i) % _open.length];
            if (_ghosts[jobId].job.state == state) return jobId;
        }
    }

    /// @dev Goes to the last second before one of an open job's deadlines or the first after it, if that is near.
    function _waitForDeadline() private {
        if (_open.length == 0) return;
        uint256 id = _open[_pick(_open.length)];
        IMarketplace.Job storage job = _ghosts[id].job;
        bool posted = job.state == IMarketplace.JobState.Posted;
        uint256 moment = (posted ? job.terms.startBy : _pick(4) == 0 ? job.terms.finishBy : _expiryOf(id)) + _pick(2);
        if (_now < moment && moment < _now + 6 hours) _now = moment;
    }

    function _deliverable() private returns (uint256 jobId) {
        uint256 start = _pick(_open.length + 1);
        for (uint256 i = 0; i < _open.length; ++i) {
            jobId = _open[(start + i) % _open.length];
            if (_ghosts[jobId].job.lastRecorded) return jobId;
        }
        return _someJob(IMarketplace.JobState.Running);
    }

    function _somebodyOwed() private returns (address account) {
        uint256 start = _pick(ACTORS);
        for (uint256 i = 0; i < ACTORS; ++i) {
            account = _actors[(start + i) % ACTORS];
            if (_owed[account] > 0) return account;
        }
    }

    function _rescueSomebody(uint256 jobId) private {
        Ghost storage ghost = _ghosts[jobId];
        if (ghost.job.state == IMarketplace.JobState.None) return;
        uint256 owners = ghost.trainers.length + ghost.validators.length;
        uint256 i = _pick(2 + owners);
        if (i >= owners) _rescue(jobId, i == owners ? ghost.job.buyer : ghost.job.terms.aggregator);
        else if (i < ghost.trainers.length) _rescue(jobId, ghost.trainers[i]);
        else _rescue(jobId, ghost.validators[i - ghost.trainers.length]);
    }

    // ---------------------------------------------------------------------------------------------- the end of a run

    /// @notice Every party of every open job could get out by itself, and then everybody does.
    function conclude() external returns (Tally memory) {
        vm.warp(_now);
        checkMoney();
        _checkAllJobs();
        for (uint256 i = 0; i < _open.length; ++i) {
            _rescueAllOf(_open[i]);
        }
        vm.warp(_now + MAX_DURATION + FINALIZE_WINDOW + 1);
        while (_open.length > 0) {
            uint256 jobId = _open[_open.length - 1];
            if (_ghosts[jobId].job.state == IMarketplace.JobState.Posted) _cancel(_actors[jobId % ACTORS], jobId);
            else _expire(_actors[jobId % ACTORS], jobId);
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (_owed[_actors[i]] > 0) _leave(_actors[i]);
        }
        checkMoney();
        assertEq(address(MARKET).balance, _forced, "what is left is what was forced in");
        return tally;
    }

    function _leave(address account) private {
        uint256 before = SINK.balance;
        _call(account, 0, abi.encodeCall(IMarketplace.withdrawTo, (SINK)), "");
        assertEq(SINK.balance - before, _owed[account], "received at last");
        (_owed[account], _withdrawn) = (0, _withdrawn + _owed[account]);
    }
}
